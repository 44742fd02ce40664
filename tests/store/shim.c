/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded into a server (LD_PRELOAD): its writes and syncs of one file fail on command. The command is a shared file, mapped by
 * the test too: struct command below. Files are told apart by the end of their name.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum sort { WRITE = 1, SYNC = 2 };

/* Little-endian words, in the order test_faults.py packs them. */
struct command {
	_Atomic uint32_t sorts;  /* which calls fail; 0: none */
	_Atomic uint32_t error;  /* errno */
	_Atomic uint32_t left;   /* calls that are to fail; UINT32_MAX: all */
	_Atomic uint32_t failed; /* calls that have failed */
	_Atomic uint32_t synced; /* syncs of the file that were let through since `failed` was first raised */
	char suffix[44];
};

static struct command *command;

__attribute__((constructor)) static void map_command(void) {
	const char *path = getenv("K8C_FAULTS");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*command), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0) close(fd);
	if (p == MAP_FAILED) abort();
	command = p;
}

static int is_target(int fd) {
	char link[64], name[PATH_MAX];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, name, sizeof(name));
	size_t end = strnlen(command->suffix, sizeof(command->suffix));
	return n >= (ssize_t)end && memcmp(name + n - end, command->suffix, end) == 0;
}

/* Whether this call is to fail; errno is set then. */
static int fails(int fd, enum sort sort) {
	if (!command || (!command->sorts && !command->failed) || !is_target(fd)) return 0;
	if ((command->sorts & sort) && command->left) {
		if (command->left != UINT32_MAX) command->left--;
		command->failed++;
		errno = (int)command->error;
		return 1;
	}
	if (sort == SYNC && command->failed) command->synced++;
	return 0;
}

#define REAL(name) __typeof__(name) *real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

int fsync(int fd) {
	REAL(fsync);
	return fails(fd, SYNC) ? -1 : real(fd);
}

int fdatasync(int fd) {
	REAL(fdatasync);
	return fails(fd, SYNC) ? -1 : real(fd);
}

ssize_t write(int fd, const void *p, size_t n) {
	REAL(write);
	return fails(fd, WRITE) ? -1 : real(fd, p, n);
}

/* The name that programs built for large files use, this one among them. */
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
	REAL(pwrite64);
	return fails(fd, WRITE) ? -1 : real(fd, p, n, at);
}
