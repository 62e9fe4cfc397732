#!/usr/bin/env python3
# SPDX-License-Identifier: MPL-2.0
"""The host's side of the Debian suite's network: what a guest on QEMU's user network finds at 10.0.2.100.

Host() starts an HTTPS server (the certificate lies in the tree that tools/debian.py made) and the iperf3 of that
same tree, both on loopback with ports that the kernel chose. options() and forward() are the words for QEMU: restrict=on
keeps all the rest of the world away, guestfwd leads the two ports to them, hostfwd one of this machine into the guest.

    GET /hello            a line                    GET /bytes/N       N bytes, X-Sha256 says which
    POST or PUT /sum      the sum of what came      GET /fetch/PATH    what http://GUEST:8000/PATH answered: status and sum
"""
import hashlib
import http.client
import http.server
import os
import random
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from qemu import TOP, die_with_parent  # noqa: E402

ROOT = os.path.join(TOP, 'build/debian-net/root')
TLS = os.path.join(ROOT, 'opt/keel-test/tls')
GUEST_PORT = 8000


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        for k, v in headers.items():
            self.send_header(k.replace('_', '-'), v)
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        word, _, rest = self.path.split('?')[0].lstrip('/').partition('/')
        if word == 'hello':
            self.answer(b'hello from the host\n')
        elif word == 'bytes' and rest.isdigit():
            data = random.Random(rest).randbytes(int(rest))
            self.answer(data, X_Sha256=hashlib.sha256(data).hexdigest())
        elif word == 'fetch':
            c = http.client.HTTPConnection('127.0.0.1', self.server.guest_port, timeout=120)
            c.request('GET', '/' + rest)
            r = c.getresponse()
            self.answer(f'{r.status} {hashlib.sha256(r.read()).hexdigest()}\n'.encode())
        else:
            self.answer(b'no such thing\n', 404)

    def do_PUT(self):
        h, left = hashlib.sha256(), int(self.headers['Content-Length'])
        if self.headers.get('Expect') == '100-continue':
            self.send_response_only(100)
            self.end_headers()
        while left:
            d = self.rfile.read(min(left, 65536))
            if not d:
                return
            h.update(d)
            left -= len(d)
        self.answer(h.hexdigest().encode() + b'\n')

    do_POST = do_PUT


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def finish_request(self, request, client_address):
        # In the connection's own thread: a slow handshake keeps nobody else waiting.
        try:
            with self.context.wrap_socket(request, server_side=True) as s:
                super().finish_request(s, client_address)
        except OSError:
            pass                # the guest left, or did not trust us

    def handle_error(self, request, client_address):
        pass


class Host:
    def __enter__(self):
        self.server = Server(('127.0.0.1', 0), Handler)
        self.server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server.context.load_cert_chain(os.path.join(TLS, 'cert.pem'), os.path.join(TLS, 'key.pem'))
        self.server.guest_port = free_port()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.iperf_port = free_port()
        lib = os.path.join(ROOT, 'usr/lib/x86_64-linux-gnu')
        self.iperf = subprocess.Popen([os.path.join(lib, 'ld-linux-x86-64.so.2'), '--library-path', lib,
                                       os.path.join(ROOT, 'usr/bin/iperf3'), '-s', '-B', '127.0.0.1', '-p', str(self.iperf_port)],
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                      preexec_fn=die_with_parent)
        return self

    def __exit__(self, *exc):
        self.iperf.kill()
        self.iperf.wait()
        self.server.shutdown()

    def options(self):
        way = 'guestfwd=tcp:10.0.2.100:{}-cmd:/bin/busybox nc 127.0.0.1 {}'
        return ','.join(('restrict=on', way.format(4433, self.server.server_address[1]), way.format(5201, self.iperf_port)))

    def forward(self):
        return (f'{self.server.guest_port}:{GUEST_PORT}',)
