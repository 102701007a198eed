/* The native fanout without its thread, fed at random from a seed; built with sanitizers, which end it at the first wrong.
 *
 * libsrtp is played: protection appends a tag, so that whatever is thrown at the parsers reaches them. It also watches
 * what GCM's nonces depend on: no number of an SSRC is given out twice, and none behind libsrtp's window.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bytes.h"
#include "thread.h"

#define TAG 16
#define WINDOW 1024
#define ENDS 3
#define SOURCES 3
#define LEGS 6

static uint64_t state;
static int64_t totals[COUNTERS], protected;

static uint32_t rnd(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 11) % below);
}

static void die(const char *why)
{
    fprintf(stderr, "fuzz: %s\n", why);
    abort();
}

/* --- libsrtp, played ---------------------------------------------------------------------- */

struct stream { uint32_t ssrc; int64_t highest; int64_t seen[WINDOW]; };
struct session { struct stream streams[64]; unsigned count; };

static int protect(void *of, void *packet, int *size)
{
    struct session *session = of;
    const uint8_t *p = packet;
    uint32_t ssrc = get32(p + 8);
    struct stream *s = NULL;
    for (unsigned i = 0; i < session->count; i++)
        if (session->streams[i].ssrc == ssrc)
            s = &session->streams[i];
    if (!s) {
        if (session->count == 64)
            die("more SSRCs than there are legs");
        s = &session->streams[session->count++];
        *s = (struct stream){.ssrc = ssrc, .highest = get16(p + 2) - 1};
        for (unsigned i = 0; i < WINDOW; i++)
            s->seen[i] = INT64_MIN;
    }
    int64_t number = s->highest + (int16_t)(uint16_t)(get16(p + 2) - (uint16_t)s->highest);
    if (number <= s->highest - WINDOW)
        die("a number behind the window");
    unsigned slot = (unsigned)(number & (WINDOW - 1));
    if (s->seen[slot] == number)
        die("one number for two packets");
    s->seen[slot] = number;
    if (number > s->highest)
        s->highest = number;
    struct header h;
    if (!parse_rtp(packet, (size_t)*size, &h))
        die("what leaves is not RTP");
    memset((uint8_t *)packet + *size, 0xA5, TAG);
    *size += TAG;
    protected++;
    return 0;
}

static int protect_rtcp(void *of, void *packet, int *size)
{
    (void)of;
    protected++;
    memset((uint8_t *)packet + *size, 0xA5, TAG + 4);
    *size += TAG + 4;
    return 0;
}

static int unprotect(void *of, void *packet, int *size)
{
    (void)of;
    (void)packet;
    if (rnd(50) == 0)
        return rnd(2) ? 9 : 7;
    return 0 * *size;
}

static int remove_stream(void *of, unsigned ssrc)
{
    struct session *session = of;
    for (unsigned i = 0; i < session->count; i++)
        if (session->streams[i].ssrc == ntohl(ssrc))
            session->streams[i] = session->streams[--session->count];
    return 0;
}

static int dealloc(void *session)
{
    free(session);
    return 0;
}

static unsigned char *hmac(const void *md, const void *key, int key_size, const unsigned char *data, size_t size,
                           unsigned char *out, unsigned *out_size)
{
    (void)md;
    unsigned sum = 7;
    for (int i = 0; i < key_size; i++)
        sum = sum * 31 + ((const uint8_t *)key)[i];
    for (size_t i = 0; i < size; i++)
        sum = sum * 31 + data[i];
    for (unsigned i = 0; i < 20; i++)
        out[i] = (uint8_t)(sum >> (i & 3) * 8);
    *out_size = 20;
    return out;
}

static const void *sha1(void) { return ""; }

/* --- the network, played: takes some, is full, refuses groups ------------------------------ */

static bool segments_refused;

static void check_group(const struct msghdr *m)
{
    if (m->msg_namelen != sizeof(struct sockaddr_in) || !m->msg_iovlen)
        die("a message to nowhere");
    if (!m->msg_controllen) {
        if (m->msg_iovlen != 1)
            die("many datagrams without a segment size");
        return;
    }
    uint16_t segment;
    memcpy(&segment, CMSG_DATA(CMSG_FIRSTHDR(m)), sizeof segment);
    for (size_t i = 0; i < m->msg_iovlen; i++)
        if (m->msg_iov[i].iov_len != segment && (i + 1 < m->msg_iovlen || m->msg_iov[i].iov_len > segment))
            die("a group of unequal sizes");
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags)
{
    (void)fd;
    (void)flags;
    for (unsigned i = 0; i < count && !segments_refused; i++)
        check_group(&messages[i].msg_hdr);
    if (!rnd(200)) {
        errno = rnd(2) ? EAGAIN : ENOBUFS;
        return -1;
    }
    if (!rnd(50)) {
        errno = rnd(2) ? EINTR : EPERM;
        return -1;
    }
    if (messages[0].msg_hdr.msg_controllen && (segments_refused || !rnd(50))) {
        errno = segments_refused || !rnd(4) ? EIO : EMSGSIZE;
        segments_refused = errno == EIO;
        return -1;
    }
    unsigned taken = 0, most = 1 + rnd(count);
    while (taken < most && !(segments_refused && messages[taken].msg_hdr.msg_controllen))
        taken++;
    return (int)taken;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    (void)fd;
    (void)flags;
    if (message->msg_iovlen != 1 || message->msg_controllen)
        die("not a single datagram");
    if (!rnd(20)) {
        errno = EAGAIN;
        return -1;
    }
    return (ssize_t)message->msg_iov[0].iov_len;
}

/* --- what is thrown ------------------------------------------------------------------------ */

static const uint32_t ssrcs[] = {11, 12, 13, 21, 22, 23, 99};
static uint16_t next_seq[8];

static size_t rtp(uint8_t *p)
{
    unsigned which = rnd(7), at = 12;
    bool extended = rnd(3) != 0;
    static const uint8_t types[] = {96, 97, 98, 99, 100, 111, 5};
    uint16_t seq = next_seq[which];
    switch (rnd(12)) {
    case 0: seq = (uint16_t)(seq - rnd(1200)); break;
    case 1: next_seq[which] = seq = (uint16_t)(seq + rnd(3000)); break;
    case 2: seq = (uint16_t)rnd(65536); break;
    default: next_seq[which]++;
    }
    p[0] = (uint8_t)(0x80 | (extended ? 0x10 : 0) | (rnd(20) ? 0 : rnd(16)) | (rnd(20) ? 0 : 0x20));
    p[1] = (uint8_t)(types[rnd(7)] | (rnd(3) ? 0 : 0x80));
    put16(p + 2, seq);
    put32(p + 4, seq / 3 * 3000u);
    put32(p + 8, ssrcs[which]);
    if (extended) {
        unsigned words = rnd(8);
        put16(p + 12, rnd(3) ? 0xBEDE : rnd(2) ? 0x1000 : (uint16_t)rnd(65536));
        put16(p + 14, (uint16_t)words);
        at = 16;
        for (unsigned i = 0; i < 4 * words; i++)
            p[at++] = rnd(4) ? (uint8_t)rnd(256) : (uint8_t)((1 + rnd(9)) << 4 | rnd(4));
    }
    unsigned payload = rnd(30) ? rnd(60) : rnd(1600);
    for (unsigned i = 0; i < payload; i++)
        p[at++] = (uint8_t)rnd(256);
    if (payload > 8 && rnd(2)) {                     /* a plausible VP8 picture */
        uint8_t *d = p + at - payload;
        d[0] = 0x90;
        d[1] = 0xE0;
        d[2] |= 0x80;
        d[5] = (uint8_t)(rnd(3) << 6 | rnd(2) << 5);
        d[6] = rnd(10) != 0;
    }
    return at;
}

static size_t rtcp(uint8_t *p, const struct outlet *outlet)
{
    size_t at = 0;
    for (unsigned parts = 1 + rnd(5); parts; parts--) {
        unsigned words = 1 + rnd(20), kind = 200 + rnd(8);
        p[at] = (uint8_t)(0x80 | rnd(32) | (rnd(20) ? 0 : 0x20));
        p[at + 1] = (uint8_t)kind;
        for (unsigned i = 0; i < 4 * words; i++)
            p[at + 4 + i] = (uint8_t)(rnd(3) ? rnd(256) : 0);
        if (rnd(2) && words > 5) {                   /* transport-cc about what was sent */
            p[at] = 0x8F;
            p[at + 1] = 205;
            put16(p + at + 12, (uint16_t)(outlet->transport_cc - rnd(60)));
            put16(p + at + 14, (uint16_t)(rnd(20) ? rnd(50) : rnd(65536)));
            put16(p + at + 20, (uint16_t)(rnd(2) ? 0x2000 | rnd(60) : rnd(65536)));
        }
        put16(p + at + 2, (uint16_t)(rnd(30) ? words : rnd(400)));
        at += 4 + 4 * words;
    }
    return at;
}

static size_t stun(uint8_t *p)
{
    size_t at = 20;
    memset(p, 0, 20);
    put16(p, rnd(20) ? 1 : (uint16_t)rnd(0x4000));
    put32(p + 4, 0x2112A442);
    for (unsigned i = rnd(5); i; i--) {
        static const uint16_t names[] = {0x0006, 0x0008, 0x0024, 0x0025, 0x8028, 0x8029, 0x802A};
        unsigned size = rnd(24);
        put16(p + at, rnd(10) ? names[rnd(7)] : (uint16_t)rnd(65536));
        put16(p + at + 2, (uint16_t)(rnd(20) ? size : rnd(65536)));
        for (unsigned j = 0; j < ((size + 3) & ~3u); j++)
            p[at + 4 + j] = (uint8_t)rnd(256);
        if (size > 4)
            memcpy(p + at + 4, "us:x", 4);
        at += 4 + ((size + 3) & ~3u);
    }
    put16(p + 2, (uint16_t)(at - 20));
    return at;
}

static void mutate(uint8_t *p, size_t *size)
{
    for (unsigned i = rnd(4) ? 0 : rnd(6); i; i--)
        p[rnd((uint32_t)*size)] = (uint8_t)rnd(256);
    if (!rnd(12))
        *size = 1 + rnd((uint32_t)*size);
}

/* --- the fanout, without its thread -------------------------------------------------------- */

static void carry_out_all(struct fanout *f)
{
    struct command *items;
    unsigned count = take_commands(f, &items);
    for (unsigned i = 0; i < count; i++) {
        carry_out(f, &items[i]);
        free(items[i].data);
    }
    free(items);
}

static void hear(struct fanout *f)
{
    struct fo_event events[64];
    for (int count = 64; count == 64;) {
        count = fo_take(f, events, 64);
        for (int i = 0; i < count; i++)
            fo_free(events[i].data);
    }
}

struct end { struct inlet *inlet; struct outlet *outlet; struct inlet_view *view; };

static struct session *session(void) { return calloc(1, sizeof(struct session)); }

static void run(uint64_t seed, unsigned steps, int fd)
{
    state = seed * 0x9E3779B97F4A7C15ull + 1;
    int wake;
    protected = 0;
    segments_refused = false;
    const struct fo_crypto crypto = {protect, protect_rtcp, unprotect, unprotect, remove_stream, dealloc, hmac, sha1};
    struct fanout *f = fo_open(fd, &crypto, &wake);
    struct end ends[ENDS];
    struct source *sources[SOURCES];
    struct source_view *source_views[SOURCES];
    struct leg *legs[LEGS];
    struct leg_view *leg_views[LEGS];
    uint32_t id = 1, ssrc = 1000;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct fo_source_settings settings = {
        1, 1, 1, 8, 90000, 4, 2, {{96, 101, VP8}, {98, 103, VP9}, {99, 107, AV1}, {100, 109, H264}},
        {{97, 96}, {5, 98}}, {{8, 8}, {1, 20}, {4, 4}}, 3};
    for (unsigned i = 0; i < ENDS; i++) {
        ends[i].outlet = fo_outlet(f, id++);
        ends[i].inlet = fo_inlet(f, id++, ends[i].outlet, &ends[i].view);
        fo_outlet_keys(f, ends[i].outlet, session(), TAG);
        fo_inlet_keys(f, ends[i].inlet, session());
        fo_inlet_transport_cc(f, ends[i].inlet, 3);
        fo_inlet_checks(f, ends[i].inlet, (const uint8_t *)&to, sizeof to, "us", "secret");
        to.sin_port = htons((uint16_t)(9 + i));
        fo_outlet_address(f, ends[i].outlet, (const uint8_t *)&to, sizeof to);
        fo_trust(f, (const uint8_t *)&to, sizeof to, ends[i].inlet);
    }
    for (unsigned i = 0; i < SOURCES; i++) {
        sources[i] = fo_source(f, id++, &settings, &source_views[i]);
        fo_inlet_route(f, ends[0].inlet, ssrcs[i], sources[i], 0);
        fo_inlet_route(f, ends[0].inlet, ssrcs[3 + i], sources[i], 1);
    }
    struct fo_leg_settings leg = {.start = 0x7FF0, .rtx_start = 1, .rtx_payload_type = 102, .mid_id = 1,
                                  .transport_cc_id = 5, .cname_size = 3, .mid = "0007", .cname = "abc"};
    for (unsigned i = 0; i < LEGS; i++) {
        leg.ssrc = ssrc++;
        leg.rtx_ssrc = ssrc++;
        leg.is_voice = i == 0;
        legs[i] = fo_leg(f, id++, ends[i % ENDS].outlet, &leg, &leg_views[i]);
    }
    for (unsigned step = 0; step < steps; step++) {
        uint8_t big[SLOT + TRAILER + 64];
        size_t size = 0;
        f->now_us += rnd(4000);
        unsigned e = rnd(ENDS), l = rnd(LEGS), s = rnd(SOURCES);
        switch (rnd(40)) {
        case 0: fo_leg_follow(f, legs[l], rnd(8) ? sources[s] : NULL); break;
        case 1: fo_leg_limit(f, legs[l], rnd(3) ? (int)rnd(3) : ALL_LAYERS); break;
        case 2: {
            uint16_t seqs[8];
            for (unsigned i = 0; i < 8; i++)
                seqs[i] = (uint16_t)rnd(65536);
            carry_out_all(f);
            for (unsigned i = 0; i < 6; i++)
                seqs[i] = (uint16_t)(legs[l]->highest - rnd(40));
            fo_leg_resend(f, legs[l], seqs, 8, rnd(5000));
            break;
        }
        case 3: fo_outlet_pace(f, ends[e].outlet, rnd(3) ? 0 : 2000 + rnd(90000), rnd(300) * 1e-3); break;
        case 4:
            fo_outlet_probe(f, ends[e].outlet, rnd(200000), rnd(50) * 1e-3);
            fo_outlet_spend(f, ends[e].outlet, rnd(20000));
            break;
        case 5: fo_source_report(f, sources[s], (uint64_t)rnd(1u << 30) << 30, rnd(1u << 31)); break;
        case 6: fo_source_drop_before(f, sources[s], 0x10000 + rnd(9000)); break;
        case 7: fo_source_pause(f, sources[s], !rnd(4)); break;
        case 8: fo_source_tap(f, sources[s], !rnd(4)); break;
        case 9:
            if (!rnd(20)) {
                fo_leg_close(f, legs[l]);
                fo_release(leg_views[l]);
                leg.ssrc = ssrc++;
                leg.rtx_ssrc = ssrc++;
                legs[l] = fo_leg(f, id++, ends[l % ENDS].outlet, &leg, &leg_views[l]);
            }
            break;
        case 10:
            if (!rnd(20)) {
                fo_source_close(f, sources[s]);
                fo_release(source_views[s]);
                sources[s] = fo_source(f, id++, &settings, &source_views[s]);
                fo_inlet_route(f, ends[0].inlet, ssrcs[s], sources[s], 0);
                fo_inlet_route(f, ends[0].inlet, ssrcs[3 + s], sources[s], 1);
            }
            break;
        case 11:
            if (rnd(2))
                fo_inlet_ignore(f, ends[e].inlet, ssrcs[rnd(7)]);
            else
                fo_inlet_transport_cc(f, ends[e].inlet, 3);
            break;
        case 12: fo_ask_digests(f); break;
        case 13: case 14: case 15: case 16: case 17: size = rtcp(big, ends[e].outlet); break;
        case 18: size = stun(big); break;
        case 19:
            for (size = 1 + rnd(200); size > 1 && rnd(300); size--)
                big[size] = (uint8_t)rnd(256);
            break;
        default: size = rtp(big); e = rnd(8) ? 0 : e;
        }
        carry_out_all(f);
        if (size) {
            mutate(big, &size);
            uint8_t *exact = malloc(size);           /* so that one byte too far is seen */
            memcpy(exact, big, size);
            to.sin_port = htons((uint16_t)(9 + e));
            if (exact[0] < 4)
                answer_check(f, ends[e].inlet, exact, size, (const uint8_t *)&to, sizeof to);
            else
                inlet_receive(f, ends[e].inlet, exact, size, f->now_us, 0);
            free(exact);
        }
        pacers_run(f, f->now_us);
        if (!rnd(8))
            batch_flush(f);
        if (!rnd(30)) {
            int64_t pairs[64];
            fo_inlet_arrivals(ends[e].view, pairs, 32);
            hear(f);
        }
    }
    for (unsigned i = 0; i < LEGS; i++) {
        if (i & 1)                                   /* in any order */
            fo_leg_close(f, legs[i]);
        fo_release(leg_views[i]);
    }
    for (unsigned i = 0; i < SOURCES; i++) {
        fo_source_close(f, sources[i]);
        fo_release(source_views[i]);
    }
    for (unsigned i = 0; i < ENDS; i++) {
        fo_outlet_close(f, ends[i].outlet);
        fo_inlet_close(f, ends[i].inlet);
        fo_release(ends[i].view);
    }
    for (unsigned i = 0; i < LEGS; i += 2)
        fo_leg_close(f, legs[i]);
    carry_out_all(f);
    batch_flush(f);
    if (atomic_load(&f->counters[SENT_PACKETS]) + atomic_load(&f->counters[DROPPED_FULL]) != protected)
        die("a datagram that was neither sent nor dropped, or both");
    if (segments_refused && f->batch.can_segment)
        die("groups were refused for good and are tried again");
    for (unsigned i = 0; i < COUNTERS; i++)
        totals[i] += atomic_load(&f->counters[i]);
    fo_close(f);
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 20, steps = argc > 2 ? (unsigned)atoi(argv[2]) : 4000;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here))
        die("no socket");
    for (unsigned seed = 1; seed <= rounds; seed++)
        run(seed, steps, fd);
    close(fd);
    for (unsigned i = 0; i < COUNTERS; i++)
        printf("%lld%c", (long long)totals[i], i + 1 < COUNTERS ? ' ' : '\n');
    return 0;
}
