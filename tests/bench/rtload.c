// SPDX-License-Identifier: MIT
// rtload: an independent load generator for servers that speak the Centrifugo
// client protocol (WebSocket, JSON or Protobuf) and its HTTP publish API.
//
//   make bench-tools, or: cc -O2 -o rtload rtload.c -lpthread -lcrypto
//   ./rtload --port 8000 --conns 1000 --publish 100 --secs 10 --pid SERVER_PID
//
// One thread owns all client connections (epoll); a second thread publishes
// over HTTP keep-alive connections. The server's cost is read from
// /proc/PID: CPU time spent and RSS, so a figure is the server's own and does
// not depend on how fast the load generator is. Prints "name value" lines.
// With --raw the server is any plain WebSocket pub/sub at PATH + channel,
// published to by a POST of the data to API_PATH + channel (Nchan, for one).
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum state { HANDSHAKE, CONNECTING, SUBSCRIBING, LIVE, DEAD };

struct conn {
    int fd;
    int index;
    int subs_left;
    enum state state;
    size_t used;          // bytes of an incomplete frame kept in `buf`
    size_t cap;
    unsigned char *buf;
};

static struct {
    const char *host, *path, *api_path, *api_key, *secret, *extra, *prefix;
    int port, api_port, conns, channels, subs, protobuf, raw, payload, pid, window, publishers;
    double rate, secs, settle;
    int verbose;
} opt = {.host = "127.0.0.1", .path = "/connection/websocket", .api_path = "/api/publish",
         .api_key = "", .extra = "", .prefix = "bench", .port = 8000, .conns = 100, .channels = 1, .subs = 1,
         .payload = 64, .window = 200, .publishers = 1, .secs = 5, .settle = 1};

static int ep;
static struct conn *conns;
static atomic_llong delivered, delivered_bytes, published, publish_errors, frames;
static atomic_int live, dead, stop_publishing, measuring;
static uint32_t hist[1 << 16];    // latency histogram, log-linear: see bucket()
static long long hist_n;

static double now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec + t.tv_nsec / 1e9; }
static uint64_t now_us(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return t.tv_sec * 1000000ull + t.tv_nsec / 1000; }

static double server_cpu(void)    // seconds of user + system time so far
{
    char path[64], line[1024];
    if (!opt.pid) return 0;
    snprintf(path, sizeof path, "/proc/%d/stat", opt.pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    size_t n = fread(line, 1, sizeof line - 1, f);
    fclose(f);
    line[n] = 0;
    unsigned long ut = 0, st = 0;
    char *p = strrchr(line, ')');
    if (p) sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ut, &st);
    return (ut + st) / (double)sysconf(_SC_CLK_TCK);
}

static long server_rss_kb(void)
{
    char path[64], line[256];
    long kb = 0;
    if (!opt.pid) return 0;
    snprintf(path, sizeof path, "/proc/%d/status", opt.pid);
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    while (fgets(line, sizeof line, f)) if (sscanf(line, "VmRSS: %ld", &kb) == 1) break;
    fclose(f);
    return kb;
}

static unsigned bucket(uint64_t us)
{
    if (us < 64) return us;
    int e = 63 - __builtin_clzll(us);
    return (e << 6) + ((us >> (e - 6)) & 63);
}
static double bucket_value(unsigned b)
{
    if (b < 64) return b;
    return (double)((1ull << (b >> 6)) + ((uint64_t)(b & 63) << ((b >> 6) - 6)));
}
static double percentile(double q)
{
    long long want = (long long)(hist_n * q), seen = 0;
    for (unsigned i = 0; i < 1 << 16; i++) if ((seen += hist[i]) > want) return bucket_value(i);
    return 0;
}

static size_t b64url(const unsigned char *in, size_t n, char *out)
{
    size_t k = EVP_EncodeBlock((unsigned char *)out, in, (int)n);
    while (k && out[k - 1] == '=') k--;
    for (size_t i = 0; i < k; i++) out[i] = out[i] == '+' ? '-' : out[i] == '/' ? '_' : out[i];
    out[k] = 0;
    return k;
}
static void make_token(int user, char *out)
{
    char claims[128];
    unsigned char mac[32];
    unsigned int mac_len = sizeof mac;
    const char *head = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";
    size_t k = b64url((const unsigned char *)head, strlen(head), out);
    out[k++] = '.';
    snprintf(claims, sizeof claims, "{\"sub\":\"user%d\",\"exp\":4102444800}", user);
    k += b64url((unsigned char *)claims, strlen(claims), out + k);
    HMAC(EVP_sha256(), opt.secret, (int)strlen(opt.secret), (unsigned char *)out, k, mac, &mac_len);
    out[k++] = '.';
    b64url(mac, mac_len, out + k);
}

static void send_frame(struct conn *c, const void *data, size_t n)
{
    unsigned char f[4096];
    size_t h = 0;
    f[h++] = 0x80 | (opt.protobuf ? 2 : 1);
    if (n < 126) f[h++] = 0x80 | n; else { f[h++] = 0x80 | 126; f[h++] = n >> 8; f[h++] = n & 255; }
    memset(f + h, 0, 4);                       // an all-zero mask leaves the payload as it is
    h += 4;
    memcpy(f + h, data, n);
    if (send(c->fd, f, h + n, MSG_NOSIGNAL) < 0 && opt.verbose) perror("send");
}

static size_t pb_str(unsigned char *o, int field, const char *s, size_t n)
{
    size_t k = 0;
    o[k++] = field << 3 | 2;
    if (n < 128) o[k++] = n; else { o[k++] = n | 0x80; o[k++] = n >> 7; }
    memcpy(o + k, s, n);
    return k + n;
}
static void send_pb(struct conn *c, int id, int field, unsigned char *body, size_t n)
{
    unsigned char cmd[2048], out[2048];
    size_t k = 0;
    cmd[k++] = 1 << 3; 
    if (id < 128) cmd[k++] = id; else { cmd[k++] = id | 0x80; cmd[k++] = id >> 7; }
    k += pb_str(cmd + k, field, (char *)body, n);
    size_t h = 0;
    if (k < 128) out[h++] = k; else { out[h++] = k | 0x80; out[h++] = k >> 7; }
    memcpy(out + h, cmd, k);
    send_frame(c, out, h + k);
}

static void send_connect(struct conn *c)
{
    char token[512] = "", m[1024];
    if (opt.secret) make_token(c->index, token);
    if (opt.protobuf) {
        unsigned char b[1024];
        send_pb(c, 1, 4, b, *token ? pb_str(b, 1, token, strlen(token)) : 0);
    } else {
        int n = *token ? snprintf(m, sizeof m, "{\"id\":1,\"connect\":{\"token\":\"%s\"}}", token)
                       : snprintf(m, sizeof m, "{\"id\":1,\"connect\":{}}");
        send_frame(c, m, n);
    }
}
static void channel_name(char *out, size_t n, int i) { snprintf(out, n, "%s%d", opt.prefix, i % opt.channels); }
static void send_subscribes(struct conn *c)
{
    char m[512], ch[64];
    for (int s = 0; s < opt.subs; s++) {
        channel_name(ch, sizeof ch, c->index * opt.subs + s);
        if (opt.protobuf) {
            unsigned char b[256];
            send_pb(c, 2 + s, 5, b, pb_str(b, 1, ch, strlen(ch)));
        } else
            send_frame(c, m, snprintf(m, sizeof m, "{\"id\":%d,\"subscribe\":{\"channel\":\"%s\"%s}}", 2 + s, ch, opt.extra));
    }
    c->subs_left = opt.subs;
}

static int start_conn(int i)
{
    struct conn *c = &conns[i];
    c->index = i;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct sockaddr_in src = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001 + i / 20000)};
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    bind(c->fd, (void *)&src, sizeof src);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(opt.port)};
    inet_pton(AF_INET, opt.host, &a.sin_addr);
    if (connect(c->fd, (void *)&a, sizeof a) && errno != EINPROGRESS) return -1;
    c->state = HANDSHAKE;
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    return epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}

static void drop(struct conn *c, const char *why)
{
    if (c->state == DEAD) return;
    if (opt.verbose) fprintf(stderr, "conn %d: %s (state %d)\n", c->index, why, c->state);
    if (c->state == LIVE) live--;
    c->state = DEAD;
    dead++;
    close(c->fd);
}

// A ping that was joined with other messages of a JSON frame: a line of its own.
static int has_ping(const unsigned char *p, size_t n)
{
    const unsigned char *end = p + n, *q;
    for (; p < end; p = q + 1) {
        if (!(q = memchr(p, '\n', end - p))) q = end;
        if (q - p == 2 && p[0] == '{' && p[1] == '}') return 1;
    }
    return 0;
}

static void on_payload(struct conn *c, unsigned char *p, size_t n)
{
    frames++;
    if (n > 2 && !opt.protobuf && c->state == LIVE && has_ping(p, n)) send_frame(c, "{}", 2);
    if ((n == 2 && p[0] == '{') || (n == 1 && p[0] == 0)) {      // application-level ping: echo it
        send_frame(c, p, n);
        return;
    }
    if (c->state == CONNECTING) {
        if (!opt.protobuf && !memmem(p, n, "\"connect\"", 9)) { if (opt.verbose) fprintf(stderr, "%.*s\n", (int)n, p); drop(c, "connect refused"); return; }
        c->state = SUBSCRIBING;
        if (opt.subs) send_subscribes(c); else { c->state = LIVE; live++; }
        return;
    }
    if (c->state == SUBSCRIBING && !memmem(p, n, "\"t\":", 4)) {
        int k = 1;
        if (!opt.protobuf) for (unsigned char *q = p; (q = memchr(q, '\n', p + n - q)); q++) k++;
        if (memmem(p, n, "error", 5)) { if (opt.verbose) fprintf(stderr, "%.*s\n", (int)n, p); drop(c, "subscribe refused"); return; }
        if (opt.protobuf) { k = 0; for (size_t i = 0; i < n;) { size_t l = p[i] & 127, s = 0, j = i; while (p[j] & 128) { j++; s += 7; l |= (size_t)(p[j] & 127) << s; } i = j + 1 + l; k++; } }
        if ((c->subs_left -= k) <= 0) { c->state = LIVE; live++; }
        return;
    }
    // Publications carry "t":<microseconds>; one frame can batch several of them.
    uint64_t t_now = 0;
    for (unsigned char *q = p, *end = p + n; (q = memmem(q, end - q, "\"t\":", 4)); q += 4) {
        uint64_t t = strtoull((char *)q + 4, NULL, 10);
        delivered++;
        if (!t_now) t_now = now_us();
        if (measuring) { hist[bucket(t_now > t ? t_now - t : 0)]++; hist_n++; }
    }
    delivered_bytes += n;
}

static void on_readable(struct conn *c)
{
    static unsigned char big[1 << 18];
    unsigned char *p = big;
    size_t n = c->used;
    if (n) memcpy(big, c->buf, n);
    for (;;) {
        ssize_t r = recv(c->fd, big + n, sizeof big - 1 - n, 0);
        if (r == 0) { drop(c, "closed by server"); return; }
        if (r < 0) { if (errno != EAGAIN) drop(c, strerror(errno)); break; }
        n += r;
        if ((size_t)r < sizeof big - 1 - (n - r)) break;      // short read: nothing left
    }
    if (c->state == DEAD) return;
    big[n] = 0;
    if (c->state == HANDSHAKE) {
        unsigned char *e = memmem(p, n, "\r\n\r\n", 4);
        if (e) {
            if (n < 12 || memcmp(p + 9, "101", 3)) { if (opt.verbose) fprintf(stderr, "%.*s\n", (int)n, p); drop(c, "no upgrade"); return; }
            n -= e + 4 - p;
            p = e + 4;
            if (opt.raw) { c->state = LIVE; live++; }
            else { c->state = CONNECTING; send_connect(c); }
        }
    }
    while (c->state != DEAD && c->state != HANDSHAKE && n >= 2) {
        size_t h = 2, l = p[1] & 127;
        if (l == 126) { if (n < 4) break; l = p[2] << 8 | p[3]; h = 4; }
        else if (l == 127) { if (n < 10) break; l = 0; for (int i = 2; i < 10; i++) l = l << 8 | p[i]; h = 10; }
        if (n < h + l) break;
        int op = p[0] & 15;
        if (op == 8) { if (opt.verbose) fprintf(stderr, "close %d %.*s\n", l >= 2 ? p[h] << 8 | p[h + 1] : 0, (int)(l > 2 ? l - 2 : 0), p + h + 2); drop(c, "close frame"); return; }
        if (op == 1 || op == 2) { unsigned char keep = p[h + l]; p[h + l] = 0; on_payload(c, p + h, l); p[h + l] = keep; }
        p += h + l;
        n -= h + l;
    }
    if (c->state == DEAD) return;
    if (n) {
        if (n > c->cap) c->buf = realloc(c->buf, c->cap = n + 512);
        memcpy(c->buf, p, n);
    } else if (c->cap) { free(c->buf); c->buf = NULL; c->cap = 0; }
    c->used = n;
}

static void poll_once(int ms)
{
    struct epoll_event ev[512];
    int k = epoll_wait(ep, ev, 512, ms);
    for (int i = 0; i < k; i++) {
        struct conn *c = ev[i].data.ptr;
        if (c->state == DEAD) continue;
        if (ev[i].events & EPOLLOUT) {
            char r[512], ch[64] = "";
            if (opt.raw) channel_name(ch, sizeof ch, c->index);
            int n = snprintf(r, sizeof r, "GET %s%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", opt.path, ch, opt.host,
                opt.protobuf ? "Sec-WebSocket-Protocol: centrifuge-protobuf\r\n" : "");
            struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
            epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
            if (send(c->fd, r, n, MSG_NOSIGNAL) != n) { drop(c, "connect failed"); continue; }
        }
        if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(c);
    }
}

// Publishes `rate` messages a second (0: none, <0: as fast as replies come back).
static void *publisher(void *arg)
{
    int id = (int)(intptr_t)arg, one = 1;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(opt.api_port)};
    inet_pton(AF_INET, opt.host, &a.sin_addr);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (void *)&a, sizeof a)) { perror("publisher connect"); return NULL; }
    char *pad = malloc(opt.payload + 1), body[8192], req[16384], ch[64], reply[65536];
    memset(pad, 'x', opt.payload);
    int fill = opt.payload - 30 > 0 ? opt.payload - 30 : 0;
    double next = now(), step = opt.rate > 0 ? opt.publishers / opt.rate : 0;
    for (long i = id; !stop_publishing; i += opt.publishers) {
        if (step) { double d = next - now(); next += step; if (d > 0) usleep((useconds_t)(d * 1e6)); }
        channel_name(ch, sizeof ch, (int)(i % opt.channels));
        int b = snprintf(body, sizeof body, "{\"channel\":\"%s\",\"data\":{\"t\":%llu,\"x\":\"%.*s\"}}", ch,
                         (unsigned long long)now_us(), fill, pad);
        if (opt.raw) b = snprintf(body, sizeof body, "{\"t\":%llu,\"x\":\"%.*s\"}", (unsigned long long)now_us(), fill, pad);
        int n = snprintf(req, sizeof req, "POST %s%s HTTP/1.1\r\nHost: x\r\nX-API-Key: %s\r\nContent-Type: application/json\r\n"
                         "Content-Length: %d\r\n\r\n%s", opt.api_path, opt.raw ? ch : "", opt.api_key, b, body);
        if (send(fd, req, n, MSG_NOSIGNAL) != n) { publish_errors++; break; }
        ssize_t k = 0;
        for (;;) {            // one reply: head, then Content-Length bytes
            ssize_t r = recv(fd, reply + k, sizeof reply - 1 - k, 0);
            if (r <= 0) { publish_errors++; close(fd); return NULL; }
            k += r;
            reply[k] = 0;
            char *e = strstr(reply, "\r\n\r\n"), *l;
            if (!e) continue;
            l = strcasestr(reply, "content-length:");
            if (l && l < e ? k >= e + 4 - reply + atol(l + 15) : strstr(e, "\r\n0\r\n") != NULL) break;
        }
        if (reply[9] != '2' || strstr(reply, "\"error\"")) { publish_errors++; if (opt.verbose) fprintf(stderr, "%s\n", reply); }
        published++;
    }
    close(fd);
    return NULL;
}

int main(int argc, char **argv)
{
    static const struct option longs[] = {
        {"host", 1, 0, 'h'}, {"port", 1, 0, 'p'}, {"api-port", 1, 0, 'A'}, {"path", 1, 0, 'P'}, {"conns", 1, 0, 'n'}, {"channels", 1, 0, 'c'},
        {"subs", 1, 0, 's'}, {"protobuf", 0, 0, 'b'}, {"payload", 1, 0, 'l'}, {"publish", 1, 0, 'r'}, {"publishers", 1, 0, 'u'},
        {"secs", 1, 0, 't'}, {"settle", 1, 0, 'S'}, {"pid", 1, 0, 'i'}, {"api-key", 1, 0, 'k'}, {"api-path", 1, 0, 'a'},
        {"secret", 1, 0, 'j'}, {"window", 1, 0, 'w'}, {"extra", 1, 0, 'x'}, {"prefix", 1, 0, 'f'}, {"raw", 0, 0, 'R'}, {"verbose", 0, 0, 'v'}, {0}};
    for (int o; (o = getopt_long(argc, argv, "v", longs, NULL)) != -1;)
        switch (o) {
        case 'h': opt.host = optarg; break;      case 'p': opt.port = atoi(optarg); break;
        case 'A': opt.api_port = atoi(optarg); break;
        case 'P': opt.path = optarg; break;      case 'n': opt.conns = atoi(optarg); break;
        case 'c': opt.channels = atoi(optarg); break; case 's': opt.subs = atoi(optarg); break;
        case 'b': opt.protobuf = 1; break;       case 'l': opt.payload = atoi(optarg); break;
        case 'r': opt.rate = atof(optarg); break; case 'u': opt.publishers = atoi(optarg); break;
        case 't': opt.secs = atof(optarg); break; case 'S': opt.settle = atof(optarg); break;
        case 'i': opt.pid = atoi(optarg); break; case 'k': opt.api_key = optarg; break;
        case 'a': opt.api_path = optarg; break;  case 'j': opt.secret = optarg; break;
        case 'w': opt.window = atoi(optarg); break; case 'x': opt.extra = optarg; break;
        case 'f': opt.prefix = optarg; break;    case 'v': opt.verbose = 1; break;
        case 'R': opt.raw = 1; break;
        default: return 2;
        }
    if (!opt.api_port) opt.api_port = opt.port;
    ep = epoll_create1(0);
    conns = calloc(opt.conns + 1, sizeof *conns);
    long rss0 = server_rss_kb();
    double cpu0 = server_cpu(), t0 = now();
    int started = 0;
    while (live + dead < opt.conns && now() - t0 < 120) {
        while (started < opt.conns && started - live - dead < opt.window) if (start_conn(started++)) { perror("connect"); return 1; }
        poll_once(50);
    }
    double t1 = now();
    printf("connected %d\nrefused %d\nconnect_secs %.3f\nconnects_per_sec %.0f\nconnect_cpu_us %.1f\n", (int)live, (int)dead,
           t1 - t0, opt.conns / (t1 - t0), (server_cpu() - cpu0) / opt.conns * 1e6);
    for (double e = now() + opt.settle; now() < e;) poll_once(20);
    long rss1 = server_rss_kb();
    printf("rss_before_kb %ld\nrss_after_kb %ld\nrss_per_conn_kb %.2f\n", rss0, rss1, (rss1 - rss0) / (double)opt.conns);
    pthread_t th[64];
    int threads = opt.rate ? (opt.publishers > 64 ? 64 : opt.publishers) : 0;
    for (int i = 0; i < threads; i++) pthread_create(&th[i], NULL, publisher, (void *)(intptr_t)i);
    if (threads) for (double e = now() + 1; now() < e;) poll_once(20);      // warm up
    long long d0 = delivered, p0 = published, b0 = delivered_bytes, f0 = frames;
    measuring = 1;
    double c0 = server_cpu(), m0 = now();
    while (now() - m0 < opt.secs) poll_once(20);
    double c1 = server_cpu(), m1 = now();
    measuring = 0;
    long long d = delivered - d0, p = published - p0;
    stop_publishing = 1;
    printf("rss_loaded_kb %ld\n", server_rss_kb());
    if (threads) {
        for (double e = now() + 0.5; now() < e;) poll_once(20);
        for (int i = 0; i < threads; i++) pthread_join(th[i], NULL);
        for (double e = now() + 0.5; now() < e;) poll_once(20);
    }
    printf("published %lld\npublish_errors %lld\npublished_per_sec %.0f\ndelivered %lld\ndelivered_per_sec %.0f\nbytes_per_delivery %.1f\nframes %lld\n",
           p, (long long)publish_errors, p / (m1 - m0), d, d / (m1 - m0), d ? (delivered_bytes - b0) / (double)d : 0, (long long)(frames - f0));
    printf("server_cpu_percent %.1f\nserver_cpu_us_per_delivery %.3f\nserver_cpu_us_per_publish %.3f\nidle_cpu_us_per_conn_sec %.3f\n",
           (c1 - c0) / (m1 - m0) * 100, d ? (c1 - c0) / d * 1e6 : 0, p ? (c1 - c0) / p * 1e6 : 0, (c1 - c0) / (m1 - m0) / opt.conns * 1e6);
    printf("latency_p50_us %.0f\nlatency_p99_us %.0f\nlatency_p999_us %.0f\n", percentile(.5), percentile(.99), percentile(.999));
    printf("total_published %lld\ntotal_delivered %lld\nstill_connected %d\ndropped %d\n", (long long)published, (long long)delivered, (int)live, (int)dead);
    return 0;
}
