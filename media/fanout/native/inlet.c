/* A transport's way in: SRTP off, whose stream is it, what must be told. */
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "thread.h"

#define IGNORED 256
#define ARRIVALS 1024            /* a power of two */

static struct route *route_of(struct inlet *inlet, uint32_t ssrc)
{
    for (unsigned i = 0; i < inlet->route_count; i++)
        if (inlet->routes[i].ssrc == ssrc)
            return &inlet->routes[i];
    return NULL;
}

/* libsrtp keeps state for each SSRC it has authenticated; of those not in use only so many (media/inbound.py). */
static void note_ssrc(struct fanout *f, struct inlet *inlet, uint32_t ssrc)
{
    for (unsigned i = inlet->known_count; i-- > 0;)
        if (inlet->known[i] == ssrc)
            return;
    uint32_t *known = realloc(inlet->known, (inlet->known_count + 1) * sizeof *known);
    if (!known)
        return;
    inlet->known = known;
    known[inlet->known_count++] = ssrc;
    if (inlet->known_count <= MAX_SSRCS)
        return;
    for (unsigned i = 0; i < inlet->known_count; i++)
        if (!route_of(inlet, known[i])) {
            f->srtp.remove_stream(inlet->srtp, __builtin_bswap32(known[i]));
            memmove(known + i, known + i + 1, (--inlet->known_count - i) * sizeof *known);
            return;
        }
}

static bool contains(const uint32_t *items, unsigned count, uint32_t item)
{
    for (unsigned i = 0; i < count; i++)
        if (items[i] == item)
            return true;
    return false;
}

static void unask(struct inlet *inlet, uint32_t ssrc)
{
    for (unsigned i = 0; i < inlet->asked_count; i++)
        if (inlet->asked[i] == ssrc)
            inlet->asked[i--] = inlet->asked[--inlet->asked_count];
}

static void unknown(struct fanout *f, struct inlet *inlet, uint32_t ssrc, const uint8_t *packet, size_t size,
                    int64_t now_us, int64_t wall_ns)
{
    bool asked = contains(inlet->asked, inlet->asked_count, ssrc);
    if (contains(inlet->ignored, inlet->ignored_count, ssrc) || (!asked && inlet->asked_count == MAX_ASKED)) {
        COUNT(f, DROPPED_UNROUTED, 1);
        return;
    }
    if (!inlet->stash)
        inlet->stash = calloc(STASH, sizeof *inlet->stash);
    uint8_t *copy = inlet->stash && inlet->stash_count < STASH ? malloc(size) : NULL;
    if (copy) {
        memcpy(copy, packet, size);
        inlet->stash[inlet->stash_count++] = (struct stashed){ssrc, now_us, wall_ns, (uint16_t)size, copy};
    } else
        COUNT(f, DROPPED_UNROUTED, 1);
    /* What could not be told is asked about again by the next packet. */
    if (!asked && tell(f, (struct fo_event){.kind = UNKNOWN, .id = inlet->id, .now_us = now_us}, packet, size))
        inlet->asked[inlet->asked_count++] = ssrc;
}

static void note_arrival(struct inlet *inlet, uint16_t number, int64_t now_us)
{
    struct inlet_view *v = inlet->view;
    int64_t *ring = __atomic_load_n(&v->arrivals, __ATOMIC_RELAXED);
    if (!ring) {
        ring = calloc(ARRIVALS * 2, sizeof *ring);
        if (!ring)
            return;
        __atomic_store_n(&v->arrivals, ring, __ATOMIC_RELEASE);
    }
    uint32_t tail = v->tail;
    if (tail - __atomic_load_n(&v->head, __ATOMIC_ACQUIRE) >= ARRIVALS)
        return;
    ring[2 * (tail % ARRIVALS)] = number;
    ring[2 * (tail % ARRIVALS) + 1] = now_us;
    __atomic_store_n(&v->tail, tail + 1, __ATOMIC_RELEASE);
}

int fo_inlet_arrivals(struct inlet_view *v, int64_t *pairs, int most)
{
    const int64_t *ring = __atomic_load_n(&v->arrivals, __ATOMIC_ACQUIRE);
    uint32_t head = v->head, tail = __atomic_load_n(&v->tail, __ATOMIC_ACQUIRE);
    int count = 0;
    for (; ring && head != tail && count < most; head++, count++)
        memcpy(pairs + 2 * count, ring + 2 * (head % ARRIVALS), 2 * sizeof *pairs);
    __atomic_store_n(&v->head, head, __ATOMIC_RELEASE);
    return count;
}

static void receive_rtp(struct fanout *f, struct inlet *inlet, const uint8_t *p, size_t size, int64_t now_us,
                        int64_t wall_ns)
{
    struct header h;
    if (!parse_rtp(p, size, &h)) {
        COUNT(f, DROPPED_MALFORMED, 1);
        return;
    }
    const struct element *wide = find_element(&h, inlet->transport_cc_id);
    if (wide && wide->end - wide->start == 2)
        note_arrival(inlet, get16(p + wide->start), now_us);
    struct route *route = route_of(inlet, h.ssrc);
    if (!route) {
        unknown(f, inlet, h.ssrc, p, size, now_us, wall_ns);
        return;
    }
    COUNT(f, RTP_RECEIVED, 1);
    source_receive(f, route->source, p, size, &h, route->repairs, now_us, wall_ns);
}

void inlet_receive(struct fanout *f, struct inlet *inlet, uint8_t *data, size_t size, int64_t now_us, int64_t wall_ns)
{
    if (inlet->closed)
        return;
    if (data[0] >= 20 && data[0] < 64) {
        tell(f, (struct fo_event){.kind = DTLS, .id = inlet->id, .now_us = now_us}, data, size);
        return;
    }
    if (data[0] < 128 || data[0] >= 192) {
        COUNT(f, DROPPED_UNKNOWN, 1);
        return;
    }
    if (!inlet->srtp || size < 12) {
        COUNT(f, DROPPED_EARLY, 1);
        return;
    }
    bool control = data[1] >= 192 && data[1] <= 223;
    int length = (int)size;
    int status = (control ? f->srtp.unprotect_rtcp : f->srtp.unprotect)(inlet->srtp, data, &length);
    if (status) {
        COUNT(f, status == 9 || status == 10 ? DROPPED_REPLAYED : DROPPED_UNAUTHENTIC, 1);
        return;
    }
    uint32_t ssrc = get32(data + (control ? 4 : 8));
    struct route *route = route_of(inlet, ssrc);
    if (!route || !route->used) {
        if (route)
            route->used = true;
        note_ssrc(f, inlet, ssrc);
    }
    if (!control) {
        receive_rtp(f, inlet, data, (size_t)length, now_us, wall_ns);
        return;
    }
    COUNT(f, RTCP_RECEIVED, 1);
    if (read_rtcp(f, inlet->outlet, data, (size_t)length, now_us))
        tell(f, (struct fo_event){.kind = RTCP, .id = inlet->id, .now_us = now_us}, data, (size_t)length);
}

void inlet_route(struct fanout *f, struct inlet *inlet, uint32_t ssrc, struct source *source, bool repairs)
{
    struct route *route = route_of(inlet, ssrc);
    if (!route) {
        if (inlet->route_count == inlet->route_room) {
            unsigned room = inlet->route_room ? 2 * inlet->route_room : 4;
            struct route *routes = realloc(inlet->routes, room * sizeof *routes);
            if (!routes)
                return;
            inlet->routes = routes;
            inlet->route_room = room;
        }
        route = &inlet->routes[inlet->route_count++];
        *route = (struct route){ssrc, repairs, false, NULL};
    } else
        source_unuse(route->source);
    route->repairs = repairs;
    route->source = source;
    source->users++;
    for (unsigned i = 0; i < inlet->ignored_count; i++)
        if (inlet->ignored[i] == ssrc)
            inlet->ignored[i--] = inlet->ignored[--inlet->ignored_count];
    unask(inlet, ssrc);
    unsigned kept = 0;
    for (unsigned i = 0; i < inlet->stash_count; i++) {
        struct stashed *each = &inlet->stash[i];
        if (each->ssrc != ssrc) {
            inlet->stash[kept++] = *each;
            continue;
        }
        struct header h;
        if (parse_rtp(each->data, each->size, &h)) {
            COUNT(f, RTP_RECEIVED, 1);
            source_receive(f, source, each->data, each->size, &h, repairs, each->now_us, each->wall_ns);
        }
        free(each->data);
    }
    inlet->stash_count = kept;
}

void inlet_unroute(struct inlet *inlet, uint32_t ssrc)
{
    struct route *route = route_of(inlet, ssrc);
    if (!route)
        return;
    source_unuse(route->source);
    *route = inlet->routes[--inlet->route_count];
}

void inlet_ignore(struct fanout *f, struct inlet *inlet, uint32_t ssrc)
{
    unask(inlet, ssrc);
    unsigned kept = 0;
    for (unsigned i = 0; i < inlet->stash_count; i++)
        if (inlet->stash[i].ssrc == ssrc) {
            free(inlet->stash[i].data);
            COUNT(f, DROPPED_UNROUTED, 1);
        } else
            inlet->stash[kept++] = inlet->stash[i];
    inlet->stash_count = kept;
    if (contains(inlet->ignored, inlet->ignored_count, ssrc))
        return;
    if (inlet->ignored_count < IGNORED)
        inlet->ignored[inlet->ignored_count++] = ssrc;
    else
        inlet->ignored[inlet->ignored_next++ % IGNORED] = ssrc;
}

void inlet_close(struct fanout *f, struct inlet *inlet)
{
    distrust_all(f, inlet);
    while (inlet->route_count)
        inlet_unroute(inlet, inlet->routes[0].ssrc);
    for (unsigned i = 0; i < inlet->stash_count; i++)
        free(inlet->stash[i].data);
    free(inlet->stash);
    free(inlet->routes);
    free(inlet->known);
    if (inlet->srtp)
        f->srtp.dealloc(inlet->srtp);
    outlet_unuse(inlet->outlet);
    free(__atomic_exchange_n(&inlet->view->arrivals, NULL, __ATOMIC_ACQ_REL)); /* of a closed inlet none are taken */
    drop_view(inlet->view);
    free(inlet);
}
