/* What Python calls and reads. cffi parses this file too: plain C only, no preprocessor but the guards.
 *
 * Every call may come from any thread and returns at once: it is queued for the fanout's own thread. Handles are made by the
 * caller's call and belong to the thread from then on; after the close of a handle it is not named again. A view stays
 * readable until it is released.
 */
#ifndef CLASSROOM_API_H
#define CLASSROOM_API_H

struct fanout;
struct inlet;
struct source;
struct outlet;
struct leg;

struct fo_crypto {               /* libsrtp's and OpenSSL's functions; hmac may be NULL */
    void *protect, *protect_rtcp, *unprotect, *unprotect_rtcp, *remove_stream, *dealloc, *hmac, *sha1;
};

struct fo_rule { uint8_t payload_type, target, codec; };

struct fo_source_settings {
    uint8_t is_video, nacks, level_id, descriptor_id;
    uint32_t clock_rate;
    uint8_t rule_count, repair_count;
    struct fo_rule rules[4];
    uint8_t repairs[8][2];
    uint8_t kept[32][2];
    uint8_t kept_count;
};

struct fo_leg_settings {
    uint32_t ssrc, rtx_ssrc;
    uint16_t start, rtx_start;
    int16_t rtx_payload_type;
    uint8_t mid_id, transport_cc_id, is_voice, cname_size;
    char mid[4];
    char cname[255];
};

struct inlet_view { int32_t references; int64_t checked_us; uint32_t head, tail; int64_t *arrivals; };

struct source_view {
    int32_t references;
    int64_t base, highest, packets, octets[4], jitter, last_packet_us;
    uint32_t timestamp;
    int32_t loudest;
};

struct leg_view {
    int32_t references;
    int64_t packets, octets, rtx_packets, rtx_octets, flushed;
    int32_t fraction_lost, reported_lost;
    uint32_t jitter;
};

struct fo_digest {
    int64_t acked_packets, acked_octets, lost_packets, sent_octets, voice_octets, probe_octets;
    int64_t delay_min_us, delay_max_us, delay_mean_us, delay_last_us, arrived_us, rtt_us, queued_octets, queue_delay_us;
};

struct fo_event {                /* data is the reader's, to be freed with fo_free */
    uint32_t kind, id;
    int64_t a, b, now_us;
    uint32_t size, timestamp;
    uint16_t payload_start, payload_size;
    uint8_t two_byte, marker, key_frame_start, temporal, up, key_size;
    uint8_t key[32];
    uint8_t *data;
};

struct fanout *fo_open(int fd, const struct fo_crypto *crypto, int *wake_fd);
void fo_start(struct fanout *f);
void fo_close(struct fanout *f);
int fo_take(struct fanout *f, struct fo_event *events, int most);
void fo_free(void *data);
void fo_counters(struct fanout *f, int64_t *values);
void fo_ask_digests(struct fanout *f);
void fo_flush(struct fanout *f);
void fo_trust(struct fanout *f, const uint8_t *key, int size, struct inlet *inlet);
void fo_release(void *view);

struct inlet *fo_inlet(struct fanout *f, uint32_t id, struct outlet *outlet, struct inlet_view **view);
void fo_inlet_keys(struct fanout *f, struct inlet *inlet, void *srtp);
void fo_inlet_transport_cc(struct fanout *f, struct inlet *inlet, int id);
void fo_inlet_route(struct fanout *f, struct inlet *inlet, uint32_t ssrc, struct source *source, int repairs);
void fo_inlet_unroute(struct fanout *f, struct inlet *inlet, uint32_t ssrc);
void fo_inlet_ignore(struct fanout *f, struct inlet *inlet, uint32_t ssrc);
void fo_inlet_checks(struct fanout *f, struct inlet *inlet, const uint8_t *key, int size, const char *ufrag,
                     const char *password);
int fo_inlet_arrivals(struct inlet_view *view, int64_t *pairs, int most);
void fo_inlet_receive(struct fanout *f, struct inlet *inlet, const uint8_t *data, int size);
void fo_inlet_close(struct fanout *f, struct inlet *inlet);

struct source *fo_source(struct fanout *f, uint32_t id, const struct fo_source_settings *settings,
                         struct source_view **view);
void fo_source_pause(struct fanout *f, struct source *source, int paused);
void fo_source_tap(struct fanout *f, struct source *source, int tapped);
void fo_source_report(struct fanout *f, struct source *source, uint64_t ntp, uint32_t timestamp);
void fo_source_drop_before(struct fanout *f, struct source *source, int64_t seq);
int fo_source_loudest(struct source_view *view);
void fo_source_close(struct fanout *f, struct source *source);

struct outlet *fo_outlet(struct fanout *f, uint32_t id);
void fo_outlet_keys(struct fanout *f, struct outlet *outlet, void *srtp, int tag);
void fo_outlet_address(struct fanout *f, struct outlet *outlet, const uint8_t *key, int size);
void fo_outlet_stream(struct fanout *f, struct outlet *outlet);
void fo_outlet_nowhere(struct fanout *f, struct outlet *outlet);
void fo_outlet_rtcp(struct fanout *f, struct outlet *outlet, const uint8_t *data, int size);
void fo_outlet_pace(struct fanout *f, struct outlet *outlet, uint32_t rate, double flush_seconds);
void fo_outlet_probe(struct fanout *f, struct outlet *outlet, uint32_t rate, double seconds);
void fo_outlet_spend(struct fanout *f, struct outlet *outlet, uint32_t octets);
void fo_outlet_close(struct fanout *f, struct outlet *outlet);

struct leg *fo_leg(struct fanout *f, uint32_t id, struct outlet *outlet, const struct fo_leg_settings *settings,
                   struct leg_view **view);
void fo_leg_follow(struct fanout *f, struct leg *leg, struct source *source);
void fo_leg_limit(struct fanout *f, struct leg *leg, int temporal);
void fo_leg_resend(struct fanout *f, struct leg *leg, const uint16_t *seqs, int count, int64_t octets);
void fo_leg_close(struct fanout *f, struct leg *leg);

#endif
