/* What waits for one subscriber whose line takes less than there is. media/fanout/pacer.py says why. */
#include <stdlib.h>
#include <string.h>

#include "thread.h"

#define BURST_SECONDS 0.04
#define MOST_SPENT_SECONDS 2.0
#define OVERHEAD 40
#define MAX_REPAIRS 256
#define PROBE_SIZE 1016

static struct waiting *nth(struct queue *q, unsigned i) { return &q->items[(q->start + i) % q->room]; }

static bool append(struct queue *q, struct waiting entry)
{
    if (q->count == q->room) {
        unsigned room = q->room ? 2 * q->room : 64;
        struct waiting *items = malloc(room * sizeof *items);
        if (!items)
            return false;
        for (unsigned i = 0; i < q->count; i++)
            items[i] = *nth(q, i);
        free(q->items);
        *q = (struct queue){items, 0, q->count, room};
    }
    q->count++;
    *nth(q, q->count - 1) = entry;
    return true;
}

static unsigned size_of(const struct waiting *w) { return w->packet->size + OVERHEAD; }

/* Keeps those for which keep says so, in order. */
static unsigned filter(struct outlet *o, struct queue *q, bool (*keep)(const struct waiting *, unsigned, void *), void *with)
{
    unsigned kept = 0, count = q->count;
    for (unsigned i = 0; i < count; i++) {
        struct waiting *w = nth(q, i);
        if (keep(w, i, with))
            *nth(q, kept++) = *w;
        else {
            o->queued_octets -= size_of(w);
            let_go(w->packet);
        }
    }
    q->count = kept;
    return count - kept;
}

static void become_timed(struct fanout *f, struct outlet *o)
{
    if (o->timed)
        return;
    o->timed = true;
    o->next_timed = f->timed;
    f->timed = o;
}

void pacer_leave(struct fanout *f, struct outlet *o)
{
    if (!o->timed)
        return;
    struct outlet **at = &f->timed;
    while (*at != o)
        at = &(*at)->next_timed;
    *at = o->next_timed;
    o->timed = false;
}

static void refill(struct outlet *o, int64_t now_us)
{
    if (now_us <= o->refilled_us)
        return;
    o->credit += (now_us - o->refilled_us) * 1e-6 * o->rate;
    if (o->credit > o->rate * BURST_SECONDS)
        o->credit = o->rate * BURST_SECONDS;
    o->refilled_us = now_us;
}

static void send_waiting(struct fanout *f, struct outlet *o, struct waiting w, bool rtx, int64_t now_us)
{
    unsigned size = size_of(&w), number = o->transport_cc;
    o->queued_octets -= size;
    o->credit -= size;
    if (rtx)
        leg_send_again(f, w.leg, w.seq);
    else
        leg_emit(f, w.leg, w.source, w.packet, now_us);
    /* What was left out costs the line nothing. */
    if (o->transport_cc == number)
        o->credit += size;
    let_go(w.packet);
}

static void drain(struct fanout *f, struct outlet *o, int64_t now_us)
{
    if (o->rate)
        refill(o, now_us);
    while (o->rtx.count + o->video.count && (!o->rate || o->credit > 0)) {
        bool rtx = o->rtx.count > 0;
        struct queue *q = rtx ? &o->rtx : &o->video;
        struct waiting w = *nth(q, 0);
        q->start = (q->start + 1) % q->room;
        q->count--;
        send_waiting(f, o, w, rtx, now_us);
    }
}

void pacer_set(struct fanout *f, struct outlet *o, uint32_t rate, double flush_seconds, int64_t now_us)
{
    if (!rate) {
        o->rate = 0;
        drain(f, o, now_us);
        return;
    }
    if (!o->rate)
        o->credit = 0;
    else
        refill(o, now_us);
    o->refilled_us = now_us;
    o->rate = rate;
    o->flush_seconds = flush_seconds;
    become_timed(f, o);
}

void pacer_spend(struct outlet *o, uint32_t octets, int64_t now_us)
{
    if (!o->rate)
        return;
    refill(o, now_us);
    o->credit -= octets;
    if (o->credit < -(double)o->rate * MOST_SPENT_SECONDS)
        o->credit = -(double)o->rate * MOST_SPENT_SECONDS;
}

void pacer_push_rtx(struct outlet *o, struct leg *leg, uint16_t seq, unsigned size, int64_t now_us)
{
    int64_t incoming, out;
    struct epoch *epoch = epoch_origin(leg, seq, &incoming, &out);
    struct packet *packet = epoch ? source_find(epoch->source, incoming) : NULL;
    if (!packet || o->rtx.count >= MAX_REPAIRS)
        return;
    /* Browsers ask again every few ten milliseconds for what waits already. */
    for (unsigned i = 0; i < o->rtx.count; i++)
        if (nth(&o->rtx, i)->leg == leg && nth(&o->rtx, i)->seq == seq)
            return;
    if (append(&o->rtx, (struct waiting){leg, hold(packet), NULL, now_us, seq}))
        o->queued_octets += size;
    else
        let_go(packet);
}

struct flushing { struct leg *leg; uint32_t picture; unsigned from; };

static bool survives(const struct waiting *w, unsigned index, void *with)
{
    struct flushing *x = with;
    return w->leg != x->leg || w->packet->timestamp == x->picture || index >= x->from;
}

struct flushed pacer_push(struct outlet *o, struct leg *leg, struct source *source, struct packet *packet,
                          int64_t now_us)
{
    struct queue *q = &o->video;
    struct flushed none = {leg, packet->timestamp, 1, true, true};
    if (q->count >= 2 * MAX_WAITING || !append(q, (struct waiting){leg, hold(packet), source, now_us, 0}))
        return none;
    o->queued_octets += packet->size + OVERHEAD;
    struct waiting oldest = *nth(q, 0);
    none.any = false;
    if ((now_us - oldest.at_us) * 1e-6 <= o->flush_seconds && q->count <= MAX_WAITING)
        return none;
    /* The oldest picture stays: it may be on its way already, and without an end it was sent in vain. */
    struct flushing x = {oldest.leg, oldest.packet->timestamp, UINT32_MAX};
    for (unsigned i = q->count; i-- > 0;) {
        const struct waiting *w = nth(q, i);
        if (w->leg == x.leg && w->packet->picture.key_frame_start && w->packet->timestamp != x.picture) {
            x.from = i;
            break;
        }
    }
    unsigned dropped = filter(o, q, survives, &x);
    return (struct flushed){oldest.leg, x.picture, dropped, x.from == UINT32_MAX, dropped > 0};
}

static bool is_anothers(const struct waiting *w, unsigned index, void *with)
{
    (void)index;
    return w->leg != with;
}

void pacer_forget(struct outlet *o, struct leg *leg)
{
    if (o->rtx.count)
        filter(o, &o->rtx, is_anothers, leg);
    if (o->video.count)
        filter(o, &o->video, is_anothers, leg);
}

void pacer_probe(struct fanout *f, struct outlet *o, uint32_t rate, double seconds, int64_t now_us)
{
    o->probe_rate = rate ? rate : 1;
    o->probe_at_us = now_us;
    o->probe_until_us = now_us + (int64_t)(seconds * 1e6);
    become_timed(f, o);
}

/* What is due of all that are paced or probe. */
void pacers_run(struct fanout *f, int64_t now_us)
{
    for (struct outlet *o = f->timed, *next; o; o = next) {
        next = o->next_timed;
        drain(f, o, now_us);
        if (now_us < o->probe_until_us)
            for (; o->probe_at_us < now_us; o->probe_at_us += 1 + (int64_t)(PROBE_SIZE * 1e6 / o->probe_rate))
                send_probe(f, o, now_us);
        else if (!o->rate)
            pacer_leave(f, o);
    }
}
