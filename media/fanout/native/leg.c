/* A consumer's outgoing stream: which source it takes, which pictures, under which numbers. */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "thread.h"

#define OVERHEAD 40
#define FRAME 3000               /* one picture at 30 per second, in 90 kHz ticks */

void legs_add(struct legs *legs, struct leg *leg)
{
    for (unsigned i = 0; i < legs->count; i++)
        if (legs->items[i] == leg)
            return;
    if (legs->count == legs->room) {
        unsigned room = legs->room ? 2 * legs->room : 8;
        struct leg **items = realloc(legs->items, room * sizeof(struct leg *));
        if (!items)
            return;
        legs->items = items;
        legs->room = room;
    }
    legs->items[legs->count++] = leg;
}

void legs_remove(struct legs *legs, struct leg *leg)
{
    for (unsigned i = 0; i < legs->count; i++)
        if (legs->items[i] == leg) {
            memmove(legs->items + i, legs->items + i + 1, (--legs->count - i) * sizeof(struct leg *));
            return;
        }
}

void leg_open(struct leg *leg)
{
    const struct fo_leg_settings *s = &leg->settings;
    leg->highest = leg->sent = s->start - 1;
    leg->rtx_seq = s->rtx_start;
    leg->limit = leg->temporal = ALL_LAYERS;
    leg->one_byte[0] = (uint8_t)(s->mid_id << 4 | 3);
    memcpy(leg->one_byte + 1, s->mid, 4);
    leg->one_byte[5] = (uint8_t)(s->transport_cc_id << 4 | 1);
    leg->two_byte[0] = s->mid_id;
    leg->two_byte[1] = 4;
    memcpy(leg->two_byte + 2, s->mid, 4);
    leg->two_byte[6] = s->transport_cc_id;
    leg->two_byte[7] = 2;
    legs_add(&leg->outlet->legs, leg);
    leg->outlet->users++;
}

static void leave(struct leg *leg, struct source *source)
{
    if (source && source != leg->wanted && source != leg->source)
        legs_remove(&source->legs, leg);
}

static void take_nothing(struct leg *leg)
{
    struct source *before = leg->source;
    leg->source = NULL;
    epoch_end(leg);
    leave(leg, before);
    pacer_forget(leg->outlet, leg);
}

void leg_follow(struct fanout *f, struct leg *leg, struct source *source)
{
    (void)f;
    struct source *before = leg->wanted;
    if (source && source->closed)
        return;
    leg->wanted = source;
    leave(leg, before);
    if (source)
        legs_add(&source->legs, leg);
    else
        take_nothing(leg);
}

void leg_lose(struct fanout *f, struct leg *leg, struct source *source)
{
    (void)f;
    if (leg->wanted == source)
        leg->wanted = NULL;
    if (leg->source == source)
        take_nothing(leg);
    legs_remove(&source->legs, leg);
}

static int32_t signed_difference(uint32_t a, uint32_t b) { return (int32_t)(a - b); }

/* media/layers.py timestamp_offset: by sender reports where both have one, else by arrival; always later. */
static uint32_t timestamp_offset(const struct source *before, uint32_t offset, const struct source *after,
                                 uint32_t timestamp, int64_t now_us)
{
    double rate = after->settings.clock_rate;
    uint32_t equivalent;
    if (before->has_sender && after->has_sender) {
        double seconds = (double)(int64_t)(after->sender_ntp - before->sender_ntp) / 4294967296.0
                         + signed_difference(timestamp, after->sender_timestamp) / rate;
        equivalent = before->sender_timestamp + (uint32_t)(int64_t)(seconds * rate + (seconds < 0 ? -0.5 : 0.5));
    } else
        equivalent = before->newest_timestamp
                     + (uint32_t)(int64_t)((now_us - before->last_packet_us) * 1e-6 * rate + 0.5);
    int32_t ahead = signed_difference(equivalent, before->newest_timestamp);
    if (ahead <= 0 || ahead >= 600 * rate)
        equivalent = before->newest_timestamp + FRAME;
    return equivalent + offset - timestamp;
}

static void switch_to(struct fanout *f, struct leg *leg, struct source *source, struct packet *packet, int64_t now_us)
{
    struct source *last = leg->last, *before = leg->source;
    leg->wanted = NULL;
    if (leg->epoch_count)                            /* pictures that were left out moved it */
        leg->offset_picture = leg->epochs[(leg->epoch_next + EPOCHS - 1) % EPOCHS].picture_offset;
    if (last && last != source) {
        if (last->has_numbers && packet->picture.has_numbers) {
            leg->offset_picture += last->numbers.picture + 1 - packet->picture.numbers.picture;
            leg->offset_tl0 += last->numbers.tl0 + 1 - packet->picture.numbers.tl0;
        }
        leg->offset_timestamp = timestamp_offset(last, leg->offset_timestamp, source, packet->timestamp, now_us);
    }
    pacer_forget(leg->outlet, leg);
    leg->source = source;
    if (before != source)
        leave(leg, before);
    if (last != source) {
        source->users++;
        leg->last = source;
        if (last)
            source_unuse(last);
    }
    leg->starving = leg->has_flushed = false;
    leg->temporal = leg->limit;
    epoch_begin(leg, source, packet->seq, leg->offset_timestamp, leg->offset_picture, leg->offset_tl0);
    tell(f, (struct fo_event){.kind = BEGAN, .id = leg->id, .a = source->id, .now_us = now_us}, NULL, 0);
    leg_report(f, leg, source);
}

static void was_flushed(struct fanout *f, struct flushed flushed, int64_t now_us)
{
    struct leg *leg = flushed.leg;
    leg->view->flushed += flushed.packets;
    COUNT(f, SENT_FLUSHED, flushed.packets);
    leg->has_flushed = true;
    leg->flushed_picture = flushed.picture;
    if (flushed.starves && !leg->starving) {
        leg->starving = true;
        tell(f, (struct fo_event){.kind = STARVED, .id = leg->id, .now_us = now_us}, NULL, 0);
    }
}

void leg_offer(struct fanout *f, struct leg *leg, struct source *source, struct packet *packet, int64_t now_us)
{
    if (source == leg->wanted && packet->picture.key_frame_start)
        switch_to(f, leg, source, packet, now_us);
    if (source != leg->source)
        return;
    if (leg->starving) {
        if (!packet->picture.key_frame_start)
            return;
        leg->starving = false;
    }
    if (!leg->outlet->rate || leg->settings.is_voice) {
        leg_emit(f, leg, source, packet, now_us);
        return;
    }
    struct flushed flushed = pacer_push(leg->outlet, leg, source, packet, now_us);
    if (flushed.any)
        was_flushed(f, flushed, now_us);
}

/* After a long pause of the source, say: the numbers go on, instead of leaving a hole that SRTP cannot bridge. */
static bool is_leap(struct leg *leg, int64_t seq) { return seq + epoch_current(leg)->offset - leg->sent > MAX_LEAP; }

static bool leaves_out(struct leg *leg, const struct packet *packet)
{
    if (leg->temporal == ALL_LAYERS && leg->limit == ALL_LAYERS)
        return false;
    bool newer = packet->seq + epoch_current(leg)->offset > leg->highest;
    const struct picture *picture = &packet->picture;
    if (newer && (!leg->has_picture_at || packet->timestamp != leg->picture_at)) {
        leg->has_picture_at = true;
        leg->picture_at = packet->timestamp;
        if (leg->limit <= leg->temporal || (picture->up == UP_TO_ALL && picture->temporal <= leg->temporal))
            leg->temporal = leg->limit;
        else if (picture->up == UP_TO_ITSELF && picture->temporal <= leg->limit && picture->temporal > leg->temporal)
            leg->temporal = picture->temporal;
    }
    if (picture->temporal <= leg->temporal)
        return false;
    if (newer && is_leap(leg, packet->seq))
        epoch_begin_again(leg, packet->seq + 1);
    else if (newer) {
        epoch_drop(leg, packet->seq, !leg->has_dropped_at || packet->timestamp != leg->dropped_at);
        leg->has_dropped_at = true;
        leg->dropped_at = packet->timestamp;
    }
    return true;
}

void leg_emit(struct fanout *f, struct leg *leg, struct source *source, struct packet *packet, int64_t now_us)
{
    struct epoch *now = epoch_current(leg);
    if (source != leg->source || !now)
        return;
    if (!outlet_is_ready(leg->outlet)) {             /* before a number is spent on it */
        COUNT(f, DROPPED_NOWHERE, 1);
        return;
    }
    if (leg->has_flushed && packet->picture.key_frame_start && packet->timestamp != leg->flushed_picture) {
        leg->has_flushed = false;
        epoch_begin_again(leg, packet->seq);
    }
    if (leaves_out(leg, packet))
        return;
    if (is_leap(leg, packet->seq))
        epoch_begin_again(leg, packet->seq);
    struct epoch *placed = epoch_place(leg, packet->seq);
    if (!placed)
        return;
    int64_t out = packet->seq + placed->offset;
    if (out > leg->highest)
        leg->highest = out;
    else if (leg->highest - out > MAX_OUT_BEHIND)
        return;
    if (send_packet(f, leg, placed, packet, out, now_us) && out > leg->sent)
        leg->sent = out;
}

/* The publisher's sender report in this leg's numbers, with its CNAME (RFC 3550 6.4.1, 6.5). */
void leg_report(struct fanout *f, struct leg *leg, struct source *source)
{
    struct epoch *now = epoch_current(leg);
    if (!source->has_sender || source != leg->source || !now)
        return;
    uint8_t out[28 + 8 + 2 + 256 + 4] = {0};
    unsigned cname = leg->settings.cname_size, chunk = (4 + 2 + cname + 1 + 3) & ~3u;
    put16(out, 0x80C8);
    put16(out + 2, 6);
    put32(out + 4, leg->settings.ssrc);
    put64(out + 8, source->sender_ntp);
    put32(out + 16, source->sender_timestamp + now->timestamp_offset);
    put32(out + 20, (uint32_t)leg->view->packets);
    put32(out + 24, (uint32_t)leg->view->octets);
    put16(out + 28, 0x81CA);
    put16(out + 30, (uint16_t)(chunk / 4));
    put32(out + 32, leg->settings.ssrc);
    out[36] = 1;
    out[37] = (uint8_t)cname;
    memcpy(out + 38, leg->settings.cname, cname);
    send_rtcp(f, leg->outlet, out, 32 + chunk);
}

int leg_send_again(struct fanout *f, struct leg *leg, uint16_t seq)
{
    int64_t incoming, out;
    struct epoch *epoch = leg->settings.rtx_payload_type < 0 ? NULL : epoch_origin(leg, seq, &incoming, &out);
    struct packet *packet = epoch ? source_find(epoch->source, incoming) : NULL;
    return packet ? send_rtx(f, leg, epoch, packet, out, f->now_us) : 0;
}

void leg_resend(struct fanout *f, struct leg *leg, const uint16_t *seqs, unsigned count, int64_t octets)
{
    for (unsigned i = 0; i < count && octets > 0; i++) {
        if (!leg->outlet->rate) {
            octets -= leg_send_again(f, leg, seqs[i]);
            continue;
        }
        int64_t incoming, out;
        struct epoch *epoch =
            leg->settings.rtx_payload_type < 0 ? NULL : epoch_origin(leg, seqs[i], &incoming, &out);
        struct packet *packet = epoch ? source_find(epoch->source, incoming) : NULL;
        if (packet) {
            octets -= packet->size + OVERHEAD;
            pacer_push_rtx(leg->outlet, leg, seqs[i], packet->size + OVERHEAD, f->now_us);
        }
    }
}

void leg_close(struct fanout *f, struct leg *leg)
{
    leg_follow(f, leg, NULL);
    if (leg->last)
        source_unuse(leg->last);
    epochs_forget(leg);
    struct outlet *outlet = leg->outlet;
    legs_remove(&outlet->legs, leg);
    if (outlet->srtp) {
        batch_flush(f);
        f->srtp.remove_stream(outlet->srtp, __builtin_bswap32(leg->settings.ssrc));
        if (leg->settings.rtx_payload_type >= 0)
            f->srtp.remove_stream(outlet->srtp, __builtin_bswap32(leg->settings.rtx_ssrc));
    }
    outlet_unuse(outlet);
    drop_view(leg->view);
    free(leg);
}
