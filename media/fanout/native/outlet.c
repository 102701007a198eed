/* A transport's way out: its SRTP session, its address, who uses it. */
#include <stdlib.h>

#include "thread.h"

bool outlet_is_ready(const struct outlet *outlet)
{
    return outlet->srtp && (outlet->name_size || outlet->to_stream);
}

void outlet_open(struct fanout *f, struct outlet *outlet)
{
    if (f->outlet_count == f->outlet_room) {
        unsigned room = f->outlet_room ? 2 * f->outlet_room : 64;
        struct outlet **outlets = realloc(f->outlets, room * sizeof(struct outlet *));
        if (!outlets)
            return;
        f->outlets = outlets;
        f->outlet_room = room;
    }
    f->outlets[f->outlet_count++] = outlet;
    outlet->probe_seq = 1;
}

static void release(struct outlet *outlet)
{
    free(outlet->legs.items);
    free(outlet->sent_us);
    free(outlet->sent_size);
    free(outlet->rtx.items);
    free(outlet->video.items);
    free(outlet);
}

void outlet_close(struct fanout *f, struct outlet *outlet)
{
    batch_flush(f);
    pacer_leave(f, outlet);
    for (unsigned i = 0; i < outlet->legs.count; i++)
        pacer_forget(outlet, outlet->legs.items[i]);
    if (outlet->srtp)
        f->srtp.dealloc(outlet->srtp);
    outlet->srtp = NULL;
    outlet->rate = 0;
    outlet->name_size = 0;
    outlet->to_stream = false;
    outlet->closed = true;
    for (unsigned i = 0; i < f->outlet_count; i++)
        if (f->outlets[i] == outlet) {
            f->outlets[i] = f->outlets[--f->outlet_count];
            break;
        }
    if (!outlet->users)
        release(outlet);
}

void outlet_unuse(struct outlet *outlet)
{
    if (!--outlet->users && outlet->closed)
        release(outlet);
}
