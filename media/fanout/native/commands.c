/* What Python asks, queued in its thread (fo_…) and carried out in the fanout's. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "thread.h"

#define ASK(...) push_command(f, (struct command){__VA_ARGS__}, NULL, 0)

void fo_flush(struct fanout *f) { ASK(.op = OP_FLUSH); }
void fo_ask_digests(struct fanout *f) { ASK(.op = OP_DIGESTS); }

void fo_trust(struct fanout *f, const uint8_t *key, int size, struct inlet *inlet)
{
    push_command(f, (struct command){.op = OP_TRUST, .on = inlet}, key, (uint32_t)size);
}

/* --- inlets --- */

struct inlet *fo_inlet(struct fanout *f, uint32_t id, struct outlet *outlet, struct inlet_view **view)
{
    (void)f;
    struct inlet *inlet = calloc(1, sizeof *inlet);
    inlet->id = id;
    inlet->outlet = outlet;
    inlet->view = *view = make_view(sizeof **view);
    ASK(.op = OP_INLET_TRANSPORT_CC, .on = inlet, .a = -1);
    return inlet;
}

void fo_inlet_keys(struct fanout *f, struct inlet *inlet, void *srtp)
{
    ASK(.op = OP_INLET_KEYS, .on = inlet, .with = srtp);
}

void fo_inlet_transport_cc(struct fanout *f, struct inlet *inlet, int id)
{
    ASK(.op = OP_INLET_TRANSPORT_CC, .on = inlet, .a = id);
}

void fo_inlet_route(struct fanout *f, struct inlet *inlet, uint32_t ssrc, struct source *source, int repairs)
{
    ASK(.op = OP_INLET_ROUTE, .on = inlet, .with = source, .a = ssrc, .b = repairs);
}

void fo_inlet_unroute(struct fanout *f, struct inlet *inlet, uint32_t ssrc)
{
    ASK(.op = OP_INLET_UNROUTE, .on = inlet, .a = ssrc);
}

void fo_inlet_ignore(struct fanout *f, struct inlet *inlet, uint32_t ssrc)
{
    ASK(.op = OP_INLET_IGNORE, .on = inlet, .a = ssrc);
}

struct checks { uint8_t key[32], size; char ufrag[256], password[256]; };

void fo_inlet_checks(struct fanout *f, struct inlet *inlet, const uint8_t *key, int size, const char *ufrag,
                     const char *password)
{
    struct checks checks = {.size = (uint8_t)size};
    if (size > 32 || strlen(ufrag) > 255 || strlen(password) > 255)
        return;
    memcpy(checks.key, key, (size_t)size);
    memcpy(checks.ufrag, ufrag, strlen(ufrag));
    memcpy(checks.password, password, strlen(password));
    push_command(f, (struct command){.op = OP_INLET_CHECKS, .on = inlet}, &checks, sizeof checks);
}

void fo_inlet_receive(struct fanout *f, struct inlet *inlet, const uint8_t *data, int size)
{
    if (size > 0 && size <= SLOT)
        push_command(f, (struct command){.op = OP_INLET_RECEIVE, .on = inlet}, data, (uint32_t)size);
}

void fo_inlet_close(struct fanout *f, struct inlet *inlet) { ASK(.op = OP_INLET_CLOSE, .on = inlet); }

/* --- sources --- */

struct source *fo_source(struct fanout *f, uint32_t id, const struct fo_source_settings *settings,
                         struct source_view **view)
{
    (void)f;
    struct source *s = calloc(1, sizeof *s);
    s->id = id;
    s->settings = *settings;
    for (unsigned i = 0; i < settings->kept_count; i++)
        s->kept[settings->kept[i][0]] = settings->kept[i][1];
    s->base = s->highest = s->jitter_highest = -1;
    s->view = *view = make_view(sizeof **view);
    s->view->base = s->view->highest = -1;
    s->view->loudest = 127;
    return s;
}

void fo_source_pause(struct fanout *f, struct source *s, int paused) { ASK(.op = OP_SOURCE_PAUSE, .on = s, .a = paused); }
void fo_source_tap(struct fanout *f, struct source *s, int tapped) { ASK(.op = OP_SOURCE_TAP, .on = s, .a = tapped); }
void fo_source_drop_before(struct fanout *f, struct source *s, int64_t seq) { ASK(.op = OP_SOURCE_DROP, .on = s, .a = seq); }
void fo_source_close(struct fanout *f, struct source *s) { ASK(.op = OP_SOURCE_CLOSE, .on = s); }

void fo_source_report(struct fanout *f, struct source *s, uint64_t ntp, uint32_t timestamp)
{
    ASK(.op = OP_SOURCE_REPORT, .on = s, .a = (int64_t)ntp, .b = timestamp);
}

int fo_source_loudest(struct source_view *view)
{
    return __atomic_exchange_n(&view->loudest, 127, __ATOMIC_RELAXED);
}

/* --- outlets --- */

struct outlet *fo_outlet(struct fanout *f, uint32_t id)
{
    struct outlet *o = calloc(1, sizeof *o);
    o->id = id;
    ASK(.op = OP_OUTLET_OPEN, .on = o);
    return o;
}

void fo_outlet_keys(struct fanout *f, struct outlet *o, void *srtp, int tag)
{
    ASK(.op = OP_OUTLET_KEYS, .on = o, .with = srtp, .a = tag);
}

void fo_outlet_address(struct fanout *f, struct outlet *o, const uint8_t *key, int size)
{
    if (size <= 32)
        push_command(f, (struct command){.op = OP_OUTLET_ADDRESS, .on = o}, key, (uint32_t)size);
}

void fo_outlet_stream(struct fanout *f, struct outlet *o) { ASK(.op = OP_OUTLET_STREAM, .on = o); }
void fo_outlet_nowhere(struct fanout *f, struct outlet *o) { ASK(.op = OP_OUTLET_NOWHERE, .on = o); }

void fo_outlet_rtcp(struct fanout *f, struct outlet *o, const uint8_t *data, int size)
{
    push_command(f, (struct command){.op = OP_OUTLET_RTCP, .on = o}, data, (uint32_t)size);
}

void fo_outlet_pace(struct fanout *f, struct outlet *o, uint32_t rate, double flush_seconds)
{
    ASK(.op = OP_OUTLET_PACE, .on = o, .a = rate, .c = flush_seconds);
}

void fo_outlet_probe(struct fanout *f, struct outlet *o, uint32_t rate, double seconds)
{
    ASK(.op = OP_OUTLET_PROBE, .on = o, .a = rate, .c = seconds);
}

void fo_outlet_spend(struct fanout *f, struct outlet *o, uint32_t octets)
{
    ASK(.op = OP_OUTLET_SPEND, .on = o, .a = octets);
}

void fo_outlet_close(struct fanout *f, struct outlet *o) { ASK(.op = OP_OUTLET_CLOSE, .on = o); }

/* --- legs --- */

struct leg *fo_leg(struct fanout *f, uint32_t id, struct outlet *outlet, const struct fo_leg_settings *settings,
                   struct leg_view **view)
{
    struct leg *leg = calloc(1, sizeof *leg);
    leg->id = id;
    leg->outlet = outlet;
    leg->settings = *settings;
    leg->view = *view = make_view(sizeof **view);
    ASK(.op = OP_LEG_OPEN, .on = leg);
    return leg;
}

void fo_leg_follow(struct fanout *f, struct leg *leg, struct source *s) { ASK(.op = OP_LEG_FOLLOW, .on = leg, .with = s); }
void fo_leg_limit(struct fanout *f, struct leg *leg, int temporal) { ASK(.op = OP_LEG_LIMIT, .on = leg, .a = temporal); }
void fo_leg_close(struct fanout *f, struct leg *leg) { ASK(.op = OP_LEG_CLOSE, .on = leg); }

void fo_leg_resend(struct fanout *f, struct leg *leg, const uint16_t *seqs, int count, int64_t octets)
{
    push_command(f, (struct command){.op = OP_LEG_RESEND, .on = leg, .a = octets}, seqs,
                 (uint32_t)count * sizeof *seqs);
}

/* --- in the thread --- */

static void tell_digests(struct fanout *f)
{
    for (unsigned i = 0; i < f->outlet_count; i++)
        if (f->outlets[i]->fresh) {
            struct fo_digest digest;
            take_digest(f->outlets[i], f->now_us, &digest);
            tell(f, (struct fo_event){.kind = DIGEST, .id = f->outlets[i]->id, .now_us = f->now_us},
                 (const uint8_t *)&digest, sizeof digest);
        }
}

static void on_inlet(struct fanout *f, struct inlet *inlet, const struct command *c)
{
    switch (c->op) {
    case OP_INLET_KEYS:
        inlet->srtp = c->with;
        return;
    case OP_INLET_TRANSPORT_CC:
        if (c->a < 0)
            inlet->outlet->users++;                  /* it is new */
        else {
            inlet->transport_cc_id = (uint8_t)c->a;
            inlet->ignored_count = 0;
        }
        return;
    case OP_INLET_ROUTE:
        inlet_route(f, inlet, (uint32_t)c->a, c->with, c->b);
        return;
    case OP_INLET_UNROUTE:
        inlet_unroute(inlet, (uint32_t)c->a);
        return;
    case OP_INLET_IGNORE:
        inlet_ignore(f, inlet, (uint32_t)c->a);
        return;
    case OP_INLET_CHECKS: {
        const struct checks *checks = (const void *)c->data;
        memcpy(inlet->check_key, checks->key, 32);
        inlet->check_key_size = checks->size;
        memcpy(inlet->ufrag, checks->ufrag, sizeof checks->ufrag);
        memcpy(inlet->password, checks->password, sizeof checks->password);
        return;
    }
    case OP_INLET_RECEIVE: {
        struct timespec wall;
        clock_gettime(CLOCK_REALTIME, &wall);
        memcpy(f->scratch, c->data, c->size);
        inlet_receive(f, inlet, f->scratch, c->size, f->now_us, (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec);
        return;
    }
    default:
        inlet_close(f, inlet);
    }
}

static void on_source(struct fanout *f, struct source *s, const struct command *c)
{
    switch (c->op) {
    case OP_SOURCE_PAUSE:
        s->paused = c->a;
        return;
    case OP_SOURCE_TAP:
        s->tapped = c->a;
        return;
    case OP_SOURCE_REPORT:
        s->has_sender = true;
        s->sender_ntp = (uint64_t)c->a;
        s->sender_timestamp = (uint32_t)c->b;
        for (unsigned i = 0; i < s->legs.count; i++)
            leg_report(f, s->legs.items[i], s);
        return;
    case OP_SOURCE_DROP:
        source_drop_before(s, c->a);
        return;
    default:
        source_close(f, s);
    }
}

static void on_outlet(struct fanout *f, struct outlet *o, const struct command *c)
{
    switch (c->op) {
    case OP_OUTLET_OPEN:
        outlet_open(f, o);
        return;
    case OP_OUTLET_KEYS:
        o->srtp = c->with;
        o->tag = (uint8_t)c->a;
        o->sent_us = calloc(SENT, sizeof *o->sent_us);
        o->sent_size = calloc(SENT, sizeof *o->sent_size);
        return;
    case OP_OUTLET_ADDRESS:
    case OP_OUTLET_STREAM:
    case OP_OUTLET_NOWHERE:
        batch_flush(f);                              /* what is queued goes where it was meant to */
        o->to_stream = c->op == OP_OUTLET_STREAM;
        o->name_size = c->op == OP_OUTLET_ADDRESS ? (uint8_t)c->size : 0;
        memcpy(o->name, c->data ? c->data : o->name, o->name_size);
        return;
    case OP_OUTLET_RTCP:
        send_rtcp(f, o, c->data, c->size);
        return;
    case OP_OUTLET_PACE:
        pacer_set(f, o, (uint32_t)c->a, c->c, f->now_us);
        return;
    case OP_OUTLET_SPEND:
        pacer_spend(o, (uint32_t)c->a, f->now_us);
        return;
    case OP_OUTLET_PROBE:
        pacer_probe(f, o, (uint32_t)c->a, c->c, f->now_us);
        return;
    default:
        outlet_close(f, o);
    }
}

static void on_leg(struct fanout *f, struct leg *leg, const struct command *c)
{
    switch (c->op) {
    case OP_LEG_OPEN:
        leg_open(leg);
        return;
    case OP_LEG_FOLLOW:
        leg_follow(f, leg, c->with);
        return;
    case OP_LEG_LIMIT:
        leg->limit = (uint8_t)c->a;
        return;
    case OP_LEG_RESEND:
        leg_resend(f, leg, (const void *)c->data, c->size / sizeof(uint16_t), c->a);
        return;
    default:
        leg_close(f, leg);
    }
}

void carry_out(struct fanout *f, struct command *c)
{
    switch (c->op) {
    case OP_STOP:
        f->stopping = true;
        return;
    case OP_FLUSH:
        batch_flush(f);
        return;
    case OP_DIGESTS:
        tell_digests(f);
        return;
    case OP_TRUST:
        trust(f, c->data, c->size, c->on);
        return;
    default:
        if (c->op <= OP_INLET_CLOSE)
            on_inlet(f, c->on, c);
        else if (c->op <= OP_SOURCE_CLOSE)
            on_source(f, c->on, c);
        else if (c->op <= OP_OUTLET_CLOSE)
            on_outlet(f, c->on, c);
        else
            on_leg(f, c->on, c);
    }
}
