/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many watchers in one process: watchers HOST PORT TOKEN COUNT WATCH-PATH. Opens COUNT TLS connections, a watch on each, and says
 * "open COUNT". A line "wait K" on stdin then reads until every watcher has seen K more events and says
 * "last SECONDS", CLOCK_MONOTONIC of the last one. End of stdin ends it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WATCHERS_MAX 20000
#define REQUEST_MAX 8192
#define EVENT_WAIT_MS 60000
#define EVENT_MARK "{\"type\":"

struct watcher { SSL *ssl; int fd; unsigned long seen; };

static struct watcher watchers[WATCHERS_MAX];

static void die(const char *what) {
	fprintf(stderr, "watchers: %s\n", what);
	exit(1);
}

static int dial(const char *host, int port) {
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (inet_pton(AF_INET, host, &a.sin_addr) != 1 || fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) die("connect");
	return fd;
}

/* The answer's headers come before the first event: seeing them means the watch stands. */
static void open_watch(struct watcher *w, SSL_CTX *ctx, const char *host, int port, const char *request) {
	char head[16384];
	w->fd = dial(host, port);
	w->ssl = SSL_new(ctx);
	if (!w->ssl || SSL_set_fd(w->ssl, w->fd) != 1 || SSL_connect(w->ssl) != 1) die("TLS");
	if (SSL_write(w->ssl, request, (int)strlen(request)) <= 0) die("write");
	int n = SSL_read(w->ssl, head, sizeof(head) - 1);
	if (n < 12 || strncmp(head + 9, "200", 3) != 0) die("the watch was refused");
	if (fcntl(w->fd, F_SETFL, O_NONBLOCK) < 0) die("fcntl");
}

static void take(struct watcher *w) {
	char buf[65536];
	for (int n; (n = SSL_read(w->ssl, buf, sizeof(buf))) > 0;)
		for (char *at = buf, *end = buf + n; (at = memmem(at, (size_t)(end - at), EVENT_MARK, strlen(EVENT_MARK))); at++) w->seen++;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Until `count` watchers have seen `want` events. */
static void wait_all(int ep, int count, unsigned long want) {
	struct epoll_event got[256];
	int behind = 0;
	for (int i = 0; i < count; i++) behind += watchers[i].seen < want;
	while (behind > 0) {
		int n = epoll_wait(ep, got, 256, EVENT_WAIT_MS);
		if (n <= 0) die("an event did not reach every watcher in 60 s");
		for (int i = 0; i < n; i++) {
			struct watcher *w = got[i].data.ptr;
			int before = w->seen < want;
			take(w);
			behind -= before && w->seen >= want;
		}
	}
	printf("last %.6f\n", now());
}

int main(int argc, char **argv) {
	static char request[REQUEST_MAX];
	if (argc != 6) die("usage: watchers HOST PORT TOKEN COUNT WATCH-PATH");
	int count = atoi(argv[4]), ep = epoll_create1(0);
	unsigned long want = 0, more;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx || ep < 0 || count < 1 || count > WATCHERS_MAX) die("arguments");
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: bench\r\nAuthorization: Bearer %s\r\n\r\n", argv[5], argv[1], argv[3]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 0; i < count; i++) {
		open_watch(&watchers[i], ctx, argv[1], atoi(argv[2]), request);
		struct epoll_event e = { .events = EPOLLIN, .data.ptr = &watchers[i] };
		if (epoll_ctl(ep, EPOLL_CTL_ADD, watchers[i].fd, &e) < 0) die("epoll");
	}
	printf("open %d\n", count);
	while (scanf(" wait %lu", &more) == 1) wait_all(ep, count, want += more);
	return 0;
}
