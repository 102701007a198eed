/* RTCP that needs nobody's decision: receiver reports, and transport-cc feedback against what was sent. */
#include <string.h>

#include "bytes.h"
#include "thread.h"

#define MAX_PARTS 32
#define MAX_FEEDBACKS 4          /* of transport-cc in one compound */
#define MAX_STATUSES 4096        /* what is longer ago than SENT packets is forgotten anyway */
#define REMOTE_WRAP ((int64_t)(1 << 24) * 64000)

static void receiver_report(struct outlet *outlet, const uint8_t *body, size_t size, unsigned blocks)
{
    for (size_t at = 4; blocks && at + 24 <= size; at += 24, blocks--) {
        uint32_t ssrc = get32(body + at);
        for (unsigned i = 0; i < outlet->legs.count; i++) {
            struct leg *leg = outlet->legs.items[i];
            if (leg->settings.ssrc != ssrc)
                continue;
            int32_t lost = (int32_t)get24(body + at + 5);
            leg->view->fraction_lost = body[at + 4];
            leg->view->reported_lost = lost & 0x800000 ? lost - 0x1000000 : lost;
            leg->view->jitter = get32(body + at + 12);
        }
    }
}

/* The remote's clock without its wrap after twelve days. */
static int64_t remote(struct outlet *o, int64_t arrived)
{
    if (o->has_remote) {
        int64_t ahead = (arrived - o->remote_before + REMOTE_WRAP / 2) % REMOTE_WRAP;
        arrived = o->remote_before + (ahead < 0 ? ahead + REMOTE_WRAP : ahead) - REMOTE_WRAP / 2;
    }
    o->has_remote = true;
    o->remote_before = arrived;
    return arrived;
}

static void one_status(struct outlet *o, uint16_t number, bool arrived, int64_t at_us, int64_t now_us, int64_t *newest)
{
    unsigned at = number & (SENT - 1);
    uint16_t behind = (uint16_t)(o->transport_cc - number);
    if (!o->sent_size[at] || !behind || behind > SENT)
        return;
    unsigned size = o->sent_size[at];
    struct fo_digest *d = &o->digest;
    o->sent_size[at] = 0;
    o->fresh = true;
    if (!arrived) {
        d->lost_packets++;
        return;
    }
    int64_t sent = now_us - (uint32_t)((uint32_t)now_us - o->sent_us[at]);
    int64_t delay = remote(o, at_us) - sent;
    if (!d->acked_packets || delay < d->delay_min_us)
        d->delay_min_us = delay;
    if (!d->acked_packets || delay > d->delay_max_us)
        d->delay_max_us = delay;
    d->acked_packets++;
    d->acked_octets += size;
    d->delay_last_us = delay;
    d->arrived_us = sent + delay;
    o->delay_sum += delay;
    if (sent > *newest)
        *newest = sent;
}

/* draft-holmer-rmcat-transport-wide-cc-extensions-01 3.1. Checked whole before anything is believed. */
static void transport_cc(struct outlet *o, const uint8_t *b, size_t size, int64_t now_us)
{
    if (size < 16 || !o->sent_size)
        return;
    uint16_t first = get16(b + 8);
    unsigned count = get16(b + 10);
    if (count > MAX_STATUSES)                        /* 40 bytes may claim 65,535 */
        return;
    int64_t clock = (int64_t)get24(b + 12) * 64000;
    uint8_t statuses[MAX_STATUSES + 16];
    size_t at = 16;
    for (unsigned have = 0; have < count; at += 2) {
        if (at + 2 > size)
            return;
        unsigned word = get16(b + at);
        if (!(word & 0x8000)) {
            unsigned run = word & 0x1FFF;
            if (!run)
                return;
            if (run > count - have)
                run = count - have;
            memset(statuses + have, (int)(word >> 13), run);
            have += run;
        } else if (word & 0x4000)
            for (int shift = 12; shift >= 0; shift -= 2)
                statuses[have++] = word >> shift & 3;
        else
            for (int shift = 13; shift >= 0; shift--)
                statuses[have++] = word >> shift & 1;
    }
    size_t needed = at;
    for (unsigned i = 0; i < count; i++)
        needed += statuses[i] ? (statuses[i] == 1 ? 1 : 2) : 0;
    if (needed > size)
        return;
    int64_t newest = 0;
    for (unsigned i = 0; i < count; i++) {
        uint8_t status = statuses[i];
        if (status == 1)
            clock += 250 * b[at++];
        else if (status) {
            clock += 250 * (int64_t)(int16_t)get16(b + at);
            at += 2;
        }
        one_status(o, (uint16_t)(first + i), status != 0, clock, now_us, &newest);
    }
    if (newest)
        o->digest.rtt_us = now_us > newest ? now_us - newest : 1;
}

/* Whether there is something in the compound that must be told. */
bool read_rtcp(struct fanout *f, struct outlet *outlet, const uint8_t *p, size_t size, int64_t now_us)
{
    bool told = false;
    unsigned feedbacks = 0;
    size_t at = 0;
    for (unsigned parts = 0; at + 4 <= size && parts < MAX_PARTS; parts++) {
        unsigned first = p[at], kind = p[at + 1];
        size_t words = 4 * (size_t)get16(p + at + 2), end = at + 4 + words, stop = end;
        if (first >> 6 != 2 || end > size || kind < 200 || kind > 207)
            break;
        if (first & 0x20) {
            unsigned padding = words ? p[end - 1] : 0;
            if (!padding || padding > words)
                break;
            stop -= padding;
        }
        const uint8_t *body = p + at + 4;
        size_t length = stop - at - 4;
        if (kind == 201) {
            COUNT(f, FEEDBACK_RECEIVED, 1);
            receiver_report(outlet, body, length, first & 31);
        } else if (kind == 205 && (first & 31) == 15) {
            COUNT(f, FEEDBACK_RECEIVED, 1);
            if (feedbacks++ < MAX_FEEDBACKS)
                transport_cc(outlet, body, length, now_us);
        } else if (kind != 202)
            told = true;
        at = end;
    }
    return told;
}

void take_digest(struct outlet *o, int64_t now_us, struct fo_digest *out)
{
    struct fo_digest *d = &o->digest;
    d->sent_octets = (int64_t)(o->octets - o->octets_told);
    d->voice_octets = (int64_t)(o->voice_octets - o->voice_told);
    d->probe_octets = (int64_t)(o->probe_octets - o->probe_told);
    d->delay_mean_us = d->acked_packets ? o->delay_sum / d->acked_packets : 0;
    d->queued_octets = o->queued_octets;
    d->queue_delay_us = o->video.count ? now_us - o->video.items[o->video.start].at_us : 0;
    *out = *d;
    o->octets_told = o->octets;
    o->voice_told = o->voice_octets;
    o->probe_told = o->probe_octets;
    o->delay_sum = 0;
    o->fresh = false;
    *d = (struct fo_digest){0};
}
