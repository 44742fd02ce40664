/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over the files of a folder, where there is no libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Each input in an allocation of just its size, so that a read behind the end shows. */
static int one(const char *path) {
	FILE *f = fopen(path, "rbe");
	long n;
	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) return 0;
	uint8_t *p = malloc(n ? (size_t)n : 1);
	int done = p && fread(p, 1, (size_t)n, f) == (size_t)n;
	if (done) (void)LLVMFuzzerTestOneInput(p, (size_t)n);
	free(p);
	(void)fclose(f);
	return done;
}

int main(int argc, char **argv) {
	DIR *d = argc == 2 ? opendir(argv[1]) : NULL;
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));) {
		char path[4096];
		if (e->d_name[0] == '.') continue;
		(void)snprintf(path, sizeof(path), "%s/%s", argv[1], e->d_name);
		n += one(path);
	}
	if (d) (void)closedir(d);
	(void)printf("%d inputs\n", n);
	return n == 0;
}
