/* The native fanout's shared words: see media/fanout/port.py for what everything means.
 *
 * One thread owns everything here but the two queues (queue.c). Times are microseconds of CLOCK_MONOTONIC.
 */
#ifndef CLASSROOM_FANOUT_H
#define CLASSROOM_FANOUT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma GCC visibility push(default)
#include "api.h"
#pragma GCC visibility pop

#define MAX_PACKET 1900          /* plain, with room behind for SRTP's trailer */
#define SLOT 2048
#define TRAILER 148
#define VIDEO_HISTORY 1024
#define AUDIO_HISTORY 128
#define MAX_BEHIND 900           /* incoming */
#define MAX_OUT_BEHIND 1000      /* outgoing: libsrtp refuses 1,024 */
#define MAX_LEAP 0x7000          /* libsrtp takes 2^15 ahead for behind */
#define EPOCHS 128
#define SENT 1024                /* packets an outlet remembers for feedback */
#define STASH 64
#define MAX_ASKED 64
#define MAX_SSRCS 512            /* whose SRTP state an inlet keeps, at least */
#define MAX_WAITING 2048
#define ALL_LAYERS 7

enum codec { OPUS, VP8, VP9, H264, AV1 };
enum up { NOT_UP, UP_TO_ITSELF, UP_TO_ALL };

/* --- RTP as it came ------------------------------------------------------------------------- */

struct element { uint16_t start, end; };

struct header {
    uint8_t payload_type;
    bool marker;
    uint16_t seq;
    uint32_t timestamp, ssrc;
    uint16_t payload_start, payload_end, padding;
    uint8_t count;               /* of elements */
    uint8_t ids[32];
    struct element elements[32];
};

bool parse_rtp(const uint8_t *packet, size_t size, struct header *out);
const struct element *find_element(const struct header *header, uint8_t id);

/* --- pictures ------------------------------------------------------------------------------- */

struct numbers {                 /* positions relative to the payload, -1: absent */
    int16_t picture_at, tl0_at;
    uint16_t picture;
    uint8_t tl0;
    bool wide;
};

struct picture {
    bool key_frame_start, has_numbers;
    struct numbers numbers;
    uint8_t temporal, up;
};

struct templates { uint8_t first, count, temporal[64]; };

void read_picture(enum codec codec, struct templates *templates, const uint8_t *packet, size_t start, size_t end,
                  const uint8_t *descriptor, size_t descriptor_size, struct picture *out);
void write_numbers(uint8_t *payload, const struct numbers *numbers, int picture_offset, int tl0_offset);

/* --- a packet ready for subscribers --------------------------------------------------------- */

struct packet {                  /* counted: history, pacers and stashes share it; one thread */
    uint32_t references;
    int64_t seq;                 /* unwrapped */
    uint32_t timestamp;
    uint16_t size, payload_start, payload_size;
    bool two_byte, marker;
    struct picture picture;
    uint8_t data[];              /* the template */
};

struct packet *make_packet(const uint8_t *packet, const struct header *header, int64_t seq, uint8_t payload_type,
                           const uint8_t kept[256], const struct picture *picture, unsigned skip, uint32_t ssrc,
                           size_t size);
static inline struct packet *hold(struct packet *packet) { packet->references++; return packet; }
void let_go(struct packet *packet);

/* --- handles -------------------------------------------------------------------------------- */

struct route { uint32_t ssrc; bool repairs, used; struct source *source; };
struct stashed { uint32_t ssrc; int64_t now_us, wall_ns; uint16_t size; uint8_t *data; };

struct inlet {
    uint32_t id;
    struct outlet *outlet;
    void *srtp;
    uint8_t transport_cc_id;
    bool closed;
    struct route *routes;
    unsigned route_count, route_room;
    uint32_t ignored[256], asked[MAX_ASKED];
    unsigned ignored_count, ignored_next, asked_count;
    struct stashed *stash;
    unsigned stash_count;
    uint32_t *known;             /* SSRCs whose SRTP state is kept, oldest first */
    unsigned known_count;
    uint8_t check_key[32];
    uint8_t check_key_size;
    char ufrag[260], password[260];
    unsigned addresses;          /* that are trusted as this inlet's */
    struct inlet_view *view;
};

struct legs { struct leg **items; unsigned count, room; };

struct source {
    uint32_t id;
    struct fo_source_settings settings;
    uint8_t kept[256];
    struct templates templates[4];
    bool paused, tapped, closed, has_sender, has_newest, has_numbers;
    int64_t base, highest;
    uint32_t ssrc, newest_timestamp;
    struct numbers numbers;
    int64_t last_packet_us;
    uint64_t sender_ntp;
    uint32_t sender_timestamp;
    unsigned history_size;
    int64_t *seen;
    struct packet **kept_packets;
    int64_t kept_from, jitter_highest;
    double transit, jitter;
    bool has_transit;
    unsigned users;              /* epochs of legs name it: freed when closed and unused */
    struct legs legs;            /* that take it or wait for it */
    struct source_view *view;
};

struct epoch {
    struct source *source;
    int64_t first, last, offset;
    uint32_t timestamp_offset;
    int picture_offset, tl0_offset;
};

struct leg {
    uint32_t id;
    struct outlet *outlet;
    struct fo_leg_settings settings;
    uint8_t one_byte[6], two_byte[8];
    struct source *source, *wanted, *last;
    struct epoch *epochs;        /* a ring, newest at (next - 1) % EPOCHS */
    unsigned epoch_count, epoch_next, epoch_room;
    bool active, starving, has_flushed, has_picture_at, has_dropped_at, closed;
    int64_t highest, sent, rtx_seq; /* sent: the highest that left */
    uint32_t offset_timestamp;
    int offset_picture, offset_tl0;
    uint8_t limit, temporal;
    uint32_t picture_at, dropped_at, flushed_picture;
    struct leg_view *view;
};

struct waiting { struct leg *leg; struct packet *packet; struct source *source; int64_t at_us; uint16_t seq; };
struct queue { struct waiting *items; unsigned start, count, room; };

struct outlet {
    uint32_t id;
    void *srtp;
    uint8_t tag;
    uint8_t name[32];
    uint8_t name_size;           /* 0: no address */
    bool to_stream, closed;
    unsigned users;              /* legs and inlets that name it: freed when closed and unused */
    uint16_t transport_cc;
    uint32_t *sent_us;           /* low 32 bits of the time, by number */
    uint16_t *sent_size;
    struct fo_digest digest;
    uint64_t octets, voice_octets, probe_octets, octets_told, voice_told, probe_told;
    int64_t delay_sum;
    bool fresh, has_remote;
    int64_t remote_before;
    struct legs legs;
    uint32_t rate;               /* octets per second, 0: not paced */
    double flush_seconds, credit;
    int64_t refilled_us;
    struct queue rtx, video;
    uint32_t queued_octets;
    uint32_t probe_rate;
    int64_t probe_until_us, probe_at_us;
    uint16_t probe_seq;
    bool timed;                  /* in the list of those with a pacer or a probe */
    unsigned batch_head, batch_tail, batch_mark;
    struct outlet *next_timed;
};

#endif
