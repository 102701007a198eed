/* What the fanout's thread is made of; only its own files include this. */
#ifndef CLASSROOM_THREAD_H
#define CLASSROOM_THREAD_H

#include <pthread.h>
#include <sys/socket.h>

#include "fanout.h"

/* In the order of port.COUNTERS. */
enum counter {
    UDP_RECEIVED, UDP_RECEIVED_BYTES, RTP_RECEIVED, RTCP_RECEIVED, FEEDBACK_RECEIVED, CHECKS_ANSWERED,
    DROPPED_UNVALIDATED, DROPPED_UNKNOWN, DROPPED_EARLY, DROPPED_REPLAYED, DROPPED_UNAUTHENTIC, DROPPED_MALFORMED,
    DROPPED_UNROUTED, DROPPED_DOUBLES, RTX_REPAIRED, RTX_USELESS, SENT_PACKETS, SENT_BYTES, SENT_RETRANSMITTED,
    SENT_PROBES, DROPPED_FULL, DROPPED_TOO_LARGE, DROPPED_REFUSED, DROPPED_NOWHERE, SENT_FLUSHED, EVENTS_DROPPED,
    COUNTERS
};

enum event_kind { STUN = 1, DTLS, RTCP, UNKNOWN, GAP, LATE, KEY_FRAME, TAPPED, BEGAN, STARVED, STREAM_OUT, DIGEST };

enum operation {
    OP_STOP = 1, OP_FLUSH, OP_DIGESTS, OP_TRUST, OP_INLET_KEYS, OP_INLET_TRANSPORT_CC, OP_INLET_ROUTE,
    OP_INLET_UNROUTE, OP_INLET_IGNORE, OP_INLET_CHECKS, OP_INLET_RECEIVE, OP_INLET_CLOSE, OP_SOURCE_PAUSE,
    OP_SOURCE_TAP, OP_SOURCE_REPORT, OP_SOURCE_DROP, OP_SOURCE_CLOSE, OP_OUTLET_OPEN, OP_OUTLET_KEYS,
    OP_OUTLET_ADDRESS, OP_OUTLET_STREAM, OP_OUTLET_NOWHERE, OP_OUTLET_RTCP, OP_OUTLET_PACE, OP_OUTLET_SPEND, OP_OUTLET_PROBE,
    OP_OUTLET_CLOSE, OP_LEG_OPEN, OP_LEG_FOLLOW, OP_LEG_LIMIT, OP_LEG_RESEND, OP_LEG_CLOSE
};

struct command {
    enum operation op;
    void *on, *with;
    int64_t a, b;
    double c;
    uint8_t *data;               /* the thread's, freed when carried out */
    uint32_t size;
};

struct commands {                /* grows; never refuses */
    pthread_mutex_t mutex;
    struct command *items;
    unsigned count, room;
};

#define QUOTAS 6                 /* so that a flood of one kind pushes out no other: see quota_of */

struct events {
    pthread_mutex_t mutex;
    struct fo_event *ring;
    unsigned start, count, room;
    unsigned waiting[QUOTAS];
    bool told;                   /* the reader was woken and has not come yet */
};

struct trusted { uint8_t key[32]; uint8_t size; struct inlet *inlet; };

struct slot { struct outlet *outlet; uint16_t size; uint32_t next; };

struct batch {
    uint8_t *memory;             /* SLOTS x SLOT */
    struct slot *slots;
    struct outlet **outlets;     /* with something in the batch, in order of their first */
    unsigned count, outlet_count;
    int64_t first_us;
    struct iovec *vectors;
    struct mmsghdr *messages;
    unsigned *segments;
    uint8_t *controls;
    bool can_segment;
};

struct protect_table {
    int (*protect)(void *, void *, int *);
    int (*protect_rtcp)(void *, void *, int *);
    int (*unprotect)(void *, void *, int *);
    int (*unprotect_rtcp)(void *, void *, int *);
    int (*remove_stream)(void *, unsigned int);
    int (*dealloc)(void *);
    unsigned char *(*hmac)(const void *, const void *, int, const unsigned char *, size_t, unsigned char *, unsigned *);
    const void *(*sha1)(void);
};

struct fanout {
    int fd, family, command_fd, event_fd;
    struct protect_table srtp;
    pthread_t thread;
    bool running, stopping;
    struct commands commands;
    struct events events;
    _Atomic int64_t counters[COUNTERS];
    struct trusted *trusted;     /* open addressing, room a power of two */
    unsigned trusted_count, trusted_room;
    struct outlet **outlets;
    unsigned outlet_count, outlet_room;
    struct outlet *timed;
    struct batch batch;
    uint8_t *incoming, *names, *controls;
    struct iovec *in_vectors;
    struct mmsghdr *in_messages;
    uint8_t scratch[SLOT + 4096];
    int64_t now_us;
    uint32_t crc[256];
};

#define COUNT(f, name, n) atomic_store_explicit(&(f)->counters[name], \
    atomic_load_explicit(&(f)->counters[name], memory_order_relaxed) + (n), memory_order_relaxed)

/* queue.c */
void queues_open(struct fanout *f);
void queues_close(struct fanout *f);
void push_command(struct fanout *f, struct command command, const void *data, uint32_t size);
unsigned take_commands(struct fanout *f, struct command **items);
bool tell(struct fanout *f, struct fo_event event, const uint8_t *data, size_t size); /* false: no room */
void *make_view(size_t size);
void drop_view(void *view);

/* commands.c */
void carry_out(struct fanout *f, struct command *command);

/* receive.c */
void receive_open(struct fanout *f);
void receive_close(struct fanout *f);
bool receive_batch(struct fanout *f);
struct inlet *who_is(struct fanout *f, const uint8_t *key, unsigned size);
void trust(struct fanout *f, const uint8_t *key, unsigned size, struct inlet *inlet);
void distrust_all(struct fanout *f, struct inlet *inlet);

/* stun.c */
void stun_open(struct fanout *f);
bool answer_check(struct fanout *f, struct inlet *inlet, const uint8_t *data, size_t size, const uint8_t *key,
                  unsigned key_size);

/* inlet.c */
void inlet_receive(struct fanout *f, struct inlet *inlet, uint8_t *data, size_t size, int64_t now_us, int64_t wall_ns);
void inlet_route(struct fanout *f, struct inlet *inlet, uint32_t ssrc, struct source *source, bool repairs);
void inlet_unroute(struct inlet *inlet, uint32_t ssrc);
void inlet_ignore(struct fanout *f, struct inlet *inlet, uint32_t ssrc);
void inlet_close(struct fanout *f, struct inlet *inlet);

/* feedback.c */
bool read_rtcp(struct fanout *f, struct outlet *outlet, const uint8_t *packet, size_t size, int64_t now_us);
void take_digest(struct outlet *outlet, int64_t now_us, struct fo_digest *out);

/* source.c */
void source_receive(struct fanout *f, struct source *source, const uint8_t *packet, size_t size,
                    const struct header *header, bool repairs, int64_t now_us, int64_t wall_ns);
struct packet *source_find(struct source *source, int64_t seq);
void source_drop_before(struct source *source, int64_t seq);
void source_close(struct fanout *f, struct source *source);
void source_unuse(struct source *source);
void source_free(struct source *source);

/* leg.c */
void leg_open(struct leg *leg);
void leg_offer(struct fanout *f, struct leg *leg, struct source *source, struct packet *packet, int64_t now_us);
void leg_emit(struct fanout *f, struct leg *leg, struct source *source, struct packet *packet, int64_t now_us);
void leg_follow(struct fanout *f, struct leg *leg, struct source *source);
void leg_lose(struct fanout *f, struct leg *leg, struct source *source);
void leg_report(struct fanout *f, struct leg *leg, struct source *source);
void leg_resend(struct fanout *f, struct leg *leg, const uint16_t *seqs, unsigned count, int64_t octets);
int leg_send_again(struct fanout *f, struct leg *leg, uint16_t seq);
void leg_close(struct fanout *f, struct leg *leg);
void legs_add(struct legs *legs, struct leg *leg);
void legs_remove(struct legs *legs, struct leg *leg);

/* epochs.c */
struct epoch *epoch_current(struct leg *leg);
void epoch_begin(struct leg *leg, struct source *source, int64_t first, uint32_t timestamp, int picture, int tl0);
void epoch_begin_again(struct leg *leg, int64_t first);
void epoch_end(struct leg *leg);
void epoch_drop(struct leg *leg, int64_t seq, bool picture);
struct epoch *epoch_place(struct leg *leg, int64_t seq);
struct epoch *epoch_origin(struct leg *leg, uint16_t seq, int64_t *incoming, int64_t *outgoing);
void epochs_forget(struct leg *leg);

/* send.c */
int send_packet(struct fanout *f, struct leg *leg, const struct epoch *epoch, const struct packet *packet, int64_t out,
                int64_t now_us);
int send_rtx(struct fanout *f, struct leg *leg, const struct epoch *epoch, const struct packet *packet, int64_t out,
             int64_t now_us);
int send_probe(struct fanout *f, struct outlet *outlet, int64_t now_us);
void send_rtcp(struct fanout *f, struct outlet *outlet, const uint8_t *data, size_t size);

/* batch.c */
void batch_open(struct fanout *f);
void batch_close(struct fanout *f);
uint8_t *batch_room(struct fanout *f);
void batch_add(struct fanout *f, struct outlet *outlet, size_t size);
void batch_flush(struct fanout *f);

/* outlet.c */
bool outlet_is_ready(const struct outlet *outlet);
void outlet_open(struct fanout *f, struct outlet *outlet);
void outlet_close(struct fanout *f, struct outlet *outlet);
void outlet_unuse(struct outlet *outlet);

/* pacer.c */
struct flushed { struct leg *leg; uint32_t picture; unsigned packets; bool starves, any; };
void pacer_set(struct fanout *f, struct outlet *outlet, uint32_t rate, double flush_seconds, int64_t now_us);
void pacer_spend(struct outlet *outlet, uint32_t octets, int64_t now_us);
struct flushed pacer_push(struct outlet *outlet, struct leg *leg, struct source *source, struct packet *packet,
                          int64_t now_us);
void pacer_push_rtx(struct outlet *outlet, struct leg *leg, uint16_t seq, unsigned size, int64_t now_us);
void pacer_forget(struct outlet *outlet, struct leg *leg);
void pacer_probe(struct fanout *f, struct outlet *outlet, uint32_t rate, double seconds, int64_t now_us);
void pacers_run(struct fanout *f, int64_t now_us);
void pacer_leave(struct fanout *f, struct outlet *outlet);

#endif
