/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/spdy3_dict.h"

#include <string.h>

/* Words, each with its length before it, and what follows them without lengths (SPDY/3 draft, 2.6.10.1). */
static const char *const words[] = {
	"options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding",
	"accept-language", "accept-ranges", "age", "allow", "authorization", "cache-control", "connection", "content-base",
	"content-encoding", "content-language", "content-length", "content-location", "content-md5", "content-range",
	"content-type", "date", "etag", "expect", "expires", "from", "host", "if-match", "if-modified-since",
	"if-none-match", "if-range", "if-unmodified-since", "last-modified", "location", "max-forwards", "pragma",
	"proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after", "server", "te", "trailer",
	"transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning", "www-authenticate", "method", "get",
	"status", "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin",
};

static const char tail[] =
	"100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Au"
	"thoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidd"
	"en404 Not Found500 Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr Ma"
	"y Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,imag"
	"e/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,text/javascript,publicpri"
	"vatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0.";

static size_t put_word(unsigned char *p, const char *word) {
	size_t n = strlen(word);
	unsigned char length[4] = { 0, 0, (unsigned char)(n >> 8), (unsigned char)n };
	memcpy(p, length, 4);
	memcpy(p + 4, word, n);
	return n + 4;
}

void spdy3_dictionary(unsigned char out[SPDY3_DICTIONARY_SIZE]) {
	size_t at = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) at += put_word(out + at, words[i]);
	memcpy(out + at, tail, SPDY3_DICTIONARY_SIZE - at);
}
