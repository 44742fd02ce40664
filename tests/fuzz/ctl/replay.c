/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over saved inputs: files, and the files of folders. For builds without libFuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static int replay_file(const char *path) {
	static uint8_t bytes[1 << 20];
	FILE *f = fopen(path, "rb");
	if (!f) return -1;
	size_t n = fread(bytes, 1, sizeof(bytes), f);
	(void)fclose(f);
	/* A copy of just that size, so that a read behind the end shows. */
	uint8_t *copy = malloc(n ? n : 1);
	if (!copy) return -1;
	for (size_t i = 0; i < n; i++) copy[i] = bytes[i];
	(void)LLVMFuzzerTestOneInput(copy, n);
	free(copy);
	return 0;
}

static int replay_folder(const char *path) {
	DIR *d = opendir(path);
	int n = 0;
	if (!d) return -1;
	for (struct dirent *e; (e = readdir(d));) {
		char name[4096];
		if (e->d_name[0] == '.') continue;
		(void)snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (replay_file(name) == 0) n++;
	}
	(void)closedir(d);
	return n;
}

int main(int argc, char **argv) {
	int total = 0;
	for (int i = 1; i < argc; i++) {
		struct stat st;
		int n = stat(argv[i], &st) < 0 ? -1 : S_ISDIR(st.st_mode) ? replay_folder(argv[i]) : replay_file(argv[i]) == 0;
		if (n <= 0) {
			(void)fprintf(stderr, "%s: nothing to replay\n", argv[i]);
			return 1;
		}
		total += n;
	}
	(void)printf("%d inputs\n", total);
	return total == 0;
}
