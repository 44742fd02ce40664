/* SPDX-License-Identifier: Apache-2.0 */
#include "vfs.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
	sqlite3_file base;
	char *name;
	sqlite3_file *real; /* behind this struct */
};

static sqlite3_vfs *real_vfs;
static sqlite3_vfs shim;
static sqlite3_io_methods methods;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum vfs_fault fault;
static long nth, times, calls, failures;
static char *shadow;

/* The armed fault's result for one call of the given sort, or SQLITE_OK. */
static int strike(bool sync) {
	int rc = SQLITE_OK;
	pthread_mutex_lock(&lock);
	bool match = fault == VFS_SYNC_EIO ? sync : fault != VFS_NONE && !sync;
	if (match && ++calls >= nth && (times == 0 || calls < nth + times)) {
		static const int results[] = { SQLITE_OK, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_FULL, SQLITE_IOERR_WRITE };
		rc = results[fault];
		failures++;
	}
	pthread_mutex_unlock(&lock);
	return rc;
}

static sqlite3_file *real_of(sqlite3_file *f) { return ((struct file *)f)->real; }

static void shadow_name(const char *name, char to[1024]) {
	const char *base = strrchr(name, '/');
	snprintf(to, 1024, "%s/%s", shadow, base ? base + 1 : name);
}

static void copy_synced(const char *name) {
	char to[1024], buf[65536];
	shadow_name(name, to);
	FILE *in = fopen(name, "re"), *out = fopen(to, "we");
	for (size_t n; in && out && (n = fread(buf, 1, sizeof(buf), in)) > 0;) fwrite(buf, 1, n, out);
	if (in) fclose(in);
	if (out) fclose(out);
}

static int f_close(sqlite3_file *f) {
	int rc = real_of(f)->pMethods->xClose(real_of(f));
	free(((struct file *)f)->name);
	return rc;
}
static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) { return real_of(f)->pMethods->xRead(real_of(f), p, n, at); }
static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at) {
	int rc = strike(false);
	if (rc != SQLITE_OK && fault == VFS_SHORT && n > 1) (void)real_of(f)->pMethods->xWrite(real_of(f), p, n / 2, at);
	return rc != SQLITE_OK ? rc : real_of(f)->pMethods->xWrite(real_of(f), p, n, at);
}
static int f_truncate(sqlite3_file *f, sqlite3_int64 n) { return real_of(f)->pMethods->xTruncate(real_of(f), n); }
static int f_sync(sqlite3_file *f, int flags) {
	int rc = strike(true);
	if (rc == SQLITE_OK) rc = real_of(f)->pMethods->xSync(real_of(f), flags);
	if (rc == SQLITE_OK && shadow && ((struct file *)f)->name) copy_synced(((struct file *)f)->name);
	return rc;
}
static int f_size(sqlite3_file *f, sqlite3_int64 *n) { return real_of(f)->pMethods->xFileSize(real_of(f), n); }
static int f_lock(sqlite3_file *f, int l) { return real_of(f)->pMethods->xLock(real_of(f), l); }
static int f_unlock(sqlite3_file *f, int l) { return real_of(f)->pMethods->xUnlock(real_of(f), l); }
static int f_reserved(sqlite3_file *f, int *r) { return real_of(f)->pMethods->xCheckReservedLock(real_of(f), r); }
static int f_control(sqlite3_file *f, int op, void *p) { return real_of(f)->pMethods->xFileControl(real_of(f), op, p); }
static int f_sector(sqlite3_file *f) { return real_of(f)->pMethods->xSectorSize(real_of(f)); }
static int f_traits(sqlite3_file *f) { return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f)); }
static int f_shm_map(sqlite3_file *f, int i, int n, int extend, void volatile **p) { return real_of(f)->pMethods->xShmMap(real_of(f), i, n, extend, p); }
static int f_shm_lock(sqlite3_file *f, int at, int n, int flags) { return real_of(f)->pMethods->xShmLock(real_of(f), at, n, flags); }
static void f_shm_barrier(sqlite3_file *f) { real_of(f)->pMethods->xShmBarrier(real_of(f)); }
static int f_shm_unmap(sqlite3_file *f, int gone) { return real_of(f)->pMethods->xShmUnmap(real_of(f), gone); }

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *out, int flags, int *ret_flags) {
	struct file *f = (struct file *)out;
	f->real = (sqlite3_file *)(f + 1);
	f->name = name ? strdup(name) : NULL;
	int rc = real_vfs->xOpen(real_vfs, name, f->real, flags, ret_flags);
	f->base.pMethods = f->real->pMethods ? &methods : NULL;
	if (!f->base.pMethods) free(f->name);
	return rc;
}

/* A removal reaches the disk here when the folder is synced, which SQLite asks for with it. */
static int v_delete(sqlite3_vfs *v, const char *name, int sync) {
	char to[1024];
	if (shadow) {
		shadow_name(name, to);
		(void)remove(to);
	}
	return real_vfs->xDelete(real_vfs, name, sync);
}

void vfs_install(void) {
	real_vfs = sqlite3_vfs_find(NULL);
	shim = *real_vfs;
	shim.zName = "faulty";
	shim.szOsFile = (int)sizeof(struct file) + real_vfs->szOsFile;
	shim.xOpen = v_open;
	shim.xDelete = v_delete;
	methods = (sqlite3_io_methods){ 2, f_close, f_read, f_write, f_truncate, f_sync, f_size, f_lock, f_unlock, f_reserved, f_control,
		f_sector, f_traits, f_shm_map, f_shm_lock, f_shm_barrier, f_shm_unmap, NULL, NULL };
	sqlite3_vfs_register(&shim, 1);
}

void vfs_arm(enum vfs_fault what, long at, long n) {
	pthread_mutex_lock(&lock);
	fault = what;
	nth = at;
	times = n;
	calls = failures = 0;
	pthread_mutex_unlock(&lock);
}

void vfs_disarm(void) { vfs_arm(VFS_NONE, 0, 0); }

long vfs_failures(void) {
	pthread_mutex_lock(&lock);
	long n = failures;
	pthread_mutex_unlock(&lock);
	return n;
}

long vfs_calls(void) {
	pthread_mutex_lock(&lock);
	long n = calls;
	pthread_mutex_unlock(&lock);
	return n;
}

void vfs_shadow(const char *dir) {
	pthread_mutex_lock(&lock);
	free(shadow);
	shadow = dir ? strdup(dir) : NULL;
	pthread_mutex_unlock(&lock);
}
