/* SPDX-License-Identifier: MPL-2.0 */
/*
 * lwIP's surroundings: its pools and heap are our caches, its clock counts ticks of the engine, its only interface is a
 * dummy whose output is net/inet's. Everything runs under the engine lock, so allocations do not wait.
 */
#include <base/err.h>
#include <base/string.h>
#include <core/init.h>
#include <core/slab.h>
#include <keel_lwip.h>
#include <lwip/ip.h>
#include <lwip/mem.h>
#include <lwip/memp.h>
#include <lwip/netif.h>
#include <lwip/sys.h>

u32 keel_tcp_fin_ms = 60000, keel_tcp_wnd = 65535, keel_tcp_mss = 1460, keel_tcp_maxrtx = 15, keel_tcp_synmaxrtx = 6;
struct netif keel_netif;
struct ip_globals ip_data;
const ip_addr_t ip_addr_any_type = IPADDR_ANY_TYPE_INIT;
struct netif *netif_default = &keel_netif;
struct netif *netif_list;

static struct kmem_cache *pcb_cache, *seg_cache, *pbuf_cache;

/* --- memory --- */

void *memp_malloc(memp_t type)
{
	switch (type) {
	case MEMP_TCP_PCB:
		return kmem_cache_alloc(pcb_cache, GFP_ATOMIC);
	case MEMP_TCP_SEG:
		return kmem_cache_alloc(seg_cache, GFP_ATOMIC);	/* its first sending fills in the rest */
	case MEMP_PBUF:
		return kmem_cache_alloc(pbuf_cache, GFP_ATOMIC);
	default:
		return NULL;
	}
}

void memp_free(memp_t type, void *mem)
{
	switch (type) {
	case MEMP_TCP_PCB:
		keel_tcp_pcb_freed(mem);
		kmem_cache_free(pcb_cache, mem);
		break;
	case MEMP_TCP_SEG:
		kmem_cache_free(seg_cache, mem);
		break;
	case MEMP_PBUF:
		kmem_cache_free(pbuf_cache, mem);
		break;
	default:
		break;
	}
}

void *mem_malloc(mem_size_t size)
{
	return kmalloc(size, GFP_ATOMIC);
}

void mem_free(void *mem)
{
	kfree(mem);
}

void *mem_trim(void *mem, mem_size_t size)
{
	(void)size;
	return mem;
}

/* --- timers --- */

void tcp_timer_needed(void)
{
}

/* --- the way down --- */

struct netif *ip4_route(const ip4_addr_t *dst)
{
	(void)dst;
	return &keel_netif;
}

struct netif *ip6_route(const ip6_addr_t *src, const ip6_addr_t *dst)
{
	(void)src, (void)dst;
	return &keel_netif;
}

struct netif *netif_get_by_index(u8_t idx)
{
	(void)idx;
	return &keel_netif;
}

const ip_addr_t *ip6_select_source_address(struct netif *netif, const ip6_addr_t *dst)
{
	(void)netif, (void)dst;
	return NULL;
}

err_t ip4_output_if(struct pbuf *p, const ip4_addr_t *src, const ip4_addr_t *dst, u8_t ttl, u8_t tos, u8_t proto,
	struct netif *netif)
{
	ip_addr_t s, d;

	(void)proto, (void)netif;
	ip_addr_copy_from_ip4(s, *src);
	ip_addr_copy_from_ip4(d, *dst);
	return keel_tcp_segment_out(p, &s, &d, ttl, tos);
}

err_t ip6_output_if(struct pbuf *p, const ip6_addr_t *src, const ip6_addr_t *dst, u8_t hl, u8_t tc, u8_t nexth,
	struct netif *netif)
{
	ip_addr_t s, d;

	(void)nexth, (void)netif;
	ip_addr_copy_from_ip6(s, *src);
	ip_addr_copy_from_ip6(d, *dst);
	return keel_tcp_segment_out(p, &s, &d, hl, tc);
}

static int port_init(void)
{
	keel_netif.mtu = 65535;
	pcb_cache = kmem_cache_create("tcp_pcb", sizeof(struct tcp_pcb), 8, 0, NULL);
	seg_cache = kmem_cache_create("tcp_seg", sizeof(struct tx_seg), 8, 0, NULL);
	pbuf_cache = kmem_cache_create("tcp_pbuf", sizeof(struct pbuf), 8, 0, NULL);
	return pcb_cache && seg_cache && pbuf_cache ? 0 : -ENOMEM;
}
INITCALL_VFS(port_init);
