/* How a leg's numbers follow from its source's: media/rtp/rewrite.py says why. */
#include <stdlib.h>

#include "thread.h"

#define OPEN INT64_MAX

static struct epoch *nth_newest(struct leg *leg, unsigned back)
{
    return &leg->epochs[(leg->epoch_next + EPOCHS - 1 - back) % EPOCHS];
}

struct epoch *epoch_current(struct leg *leg)
{
    return leg->active ? nth_newest(leg, 0) : NULL;
}

static void append(struct leg *leg, struct epoch epoch)
{
    if (!leg->epochs)
        leg->epochs = calloc(EPOCHS, sizeof *leg->epochs);
    struct epoch *at = &leg->epochs[leg->epoch_next];
    if (leg->epoch_count == EPOCHS)
        source_unuse(at->source);
    else
        leg->epoch_count++;
    epoch.source->users++;
    *at = epoch;
    leg->epoch_next = (leg->epoch_next + 1) % EPOCHS;
}

void epoch_end(struct leg *leg)
{
    struct epoch *now = epoch_current(leg);
    if (now)
        now->last = leg->highest - now->offset;
    leg->active = false;
}

void epoch_begin(struct leg *leg, struct source *source, int64_t first, uint32_t timestamp, int picture, int tl0)
{
    epoch_end(leg);
    append(leg, (struct epoch){source, first, OPEN, leg->highest + 1 - first, timestamp, picture, tl0});
    leg->active = true;
}

/* Of the same source, under the same offsets, without a hole. */
void epoch_begin_again(struct leg *leg, int64_t first)
{
    struct epoch now = *epoch_current(leg);
    epoch_begin(leg, now.source, first, now.timestamp_offset, now.picture_offset, now.tl0_offset);
}

void epoch_drop(struct leg *leg, int64_t seq, bool picture)
{
    struct epoch *now = epoch_current(leg);
    if (!now || seq < now->first || seq + now->offset <= leg->highest)
        return;
    int picture_offset = now->picture_offset - picture;
    if (now->first + now->offset > leg->highest && seq == now->first) {
        now->first++;
        now->offset--;
        now->picture_offset = picture_offset;
        return;
    }
    now->last = seq - 1;
    leg->highest = seq - 1 + now->offset;            /* what is missing before this one keeps its numbers */
    append(leg, (struct epoch){now->source, seq + 1, OPEN, now->offset - 1, now->timestamp_offset, picture_offset,
                               now->tl0_offset});
}

struct epoch *epoch_place(struct leg *leg, int64_t seq)
{
    struct epoch *now = epoch_current(leg);
    if (!now || seq >= now->first)
        return now;
    for (unsigned back = 1; back < leg->epoch_count; back++) {
        struct epoch *older = nth_newest(leg, back);
        if (older->source != now->source || older->timestamp_offset != now->timestamp_offset)
            return NULL;
        if (older->first <= seq)
            return seq <= older->last ? older : NULL;
    }
    return NULL;
}

struct epoch *epoch_origin(struct leg *leg, uint16_t seq, int64_t *incoming, int64_t *outgoing)
{
    int64_t out = leg->highest + (((int64_t)seq - leg->highest + 0x8000) & 0xFFFF) - 0x8000;
    if (out > leg->highest)
        return NULL;
    for (unsigned back = 0; back < leg->epoch_count; back++) {
        struct epoch *epoch = nth_newest(leg, back);
        if (out - epoch->offset >= epoch->first) {
            *incoming = out - epoch->offset;
            *outgoing = out;
            return *incoming <= epoch->last ? epoch : NULL;
        }
    }
    return NULL;
}

void epochs_forget(struct leg *leg)
{
    leg->active = false;
    for (unsigned back = 0; back < leg->epoch_count; back++)
        source_unuse(nth_newest(leg, back)->source);
    free(leg->epochs);
    leg->epochs = NULL;
    leg->epoch_count = leg->epoch_next = 0;
}
