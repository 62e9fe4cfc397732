/* SPDX-License-Identifier: MPL-2.0 */
/* A shared library for the dynamic test programs: proves that the interpreter relocated it. */
__thread int aux_tls = 41;
int aux_data[3] = { 1, 2, 3 };
int *aux_pointer = &aux_data[2];

int aux_answer(void)
{
	return ++aux_tls == 42 && *aux_pointer == 3 ? 42 : 0;
}
