/* An incoming stream: doubles, gaps, key frames, history; what is new goes to its legs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "thread.h"

static const struct fo_rule *rule_of(const struct source *s, uint8_t payload_type, unsigned *index)
{
    for (unsigned i = 0; i < s->settings.rule_count; i++)
        if (s->settings.rules[i].payload_type == payload_type) {
            *index = i;
            return &s->settings.rules[i];
        }
    return NULL;
}

static int64_t unwrap(uint16_t seq, int64_t near)
{
    return near + ((seq - near + 0x8000) & 0xFFFF) - 0x8000;
}

static bool make_history(struct source *s)
{
    s->history_size = s->settings.is_video ? VIDEO_HISTORY : AUDIO_HISTORY;
    s->seen = malloc(s->history_size * sizeof *s->seen);
    if (s->settings.is_video)
        s->kept_packets = calloc(s->history_size, sizeof *s->kept_packets);
    if (!s->seen || (s->settings.is_video && !s->kept_packets))
        return false;
    for (unsigned i = 0; i < s->history_size; i++)
        s->seen[i] = -1;
    return true;
}

/* False: it was here before, or is older than is remembered. */
static bool mark(struct source *s, int64_t seq)
{
    unsigned at = (unsigned)seq & (s->history_size - 1);
    if (s->seen[at] >= seq)
        return false;
    s->seen[at] = seq;
    if (s->kept_packets) {
        let_go(s->kept_packets[at]);
        s->kept_packets[at] = NULL;
    }
    return true;
}

struct packet *source_find(struct source *s, int64_t seq)
{
    if (!s->kept_packets || seq < 0)
        return NULL;
    struct packet *packet = s->kept_packets[(unsigned)seq & (s->history_size - 1)];
    return packet && packet->seq == seq ? packet : NULL;
}

void source_drop_before(struct source *s, int64_t seq)
{
    if (!s->kept_packets)
        return;
    int64_t from = seq - s->history_size;
    for (int64_t old = from > s->kept_from ? from : s->kept_from; old < seq; old++) {
        struct packet **at = &s->kept_packets[(unsigned)old & (s->history_size - 1)];
        if (*at && (*at)->seq < seq) {
            let_go(*at);
            *at = NULL;
        }
    }
    if (seq > s->kept_from)
        s->kept_from = seq;
}

/* RFC 3550 A.8; repaired packets say nothing of jitter. */
static void note(struct source *s, int64_t seq, uint32_t timestamp, int64_t now_us, bool repaired)
{
    if (s->base < 0)
        s->base = s->view->base = seq;
    if (seq <= s->jitter_highest || repaired)
        return;
    s->jitter_highest = seq;
    double rate = s->settings.clock_rate, transit = now_us * 1e-6 * rate - timestamp;
    if (s->has_transit) {
        double distance = fabs(transit - s->transit);
        if (distance < 10 * rate)
            s->jitter += (distance - s->jitter) / 16;
        s->view->jitter = (int64_t)s->jitter;
    }
    s->transit = transit;
    s->has_transit = true;
}

static void tell_packet(struct fanout *f, struct source *s, const struct packet *p, int64_t now_us, int64_t wall_ns)
{
    struct fo_event e = {.kind = TAPPED, .id = s->id, .a = p->seq, .b = wall_ns, .now_us = now_us,
                         .timestamp = p->timestamp, .payload_start = p->payload_start,
                         .payload_size = p->payload_size, .two_byte = p->two_byte, .marker = p->marker,
                         .key_frame_start = p->picture.key_frame_start, .temporal = p->picture.temporal,
                         .up = p->picture.up};
    tell(f, e, p->data, p->size);
}

static void take(struct fanout *f, struct source *s, const uint8_t *packet, size_t size, const struct header *h,
                 int64_t seq, const struct fo_rule *rule, unsigned index, unsigned skip, bool late, int64_t now_us,
                 int64_t wall_ns)
{
    if (!mark(s, seq)) {
        COUNT(f, DROPPED_DOUBLES, 1);
        return;
    }
    note(s, seq, h->timestamp, now_us, skip > 0);
    if (!skip)
        s->ssrc = h->ssrc;
    const struct element *d = find_element(h, s->settings.descriptor_id);
    struct picture picture;
    read_picture(rule->codec, &s->templates[index & 3], packet, h->payload_start + skip, h->payload_end,
                 d ? packet + d->start : NULL, d ? d->end - d->start : 0, &picture);
    struct packet *made = make_packet(packet, h, seq, rule->target, s->kept, &picture, skip, s->ssrc, size);
    if (!made) {
        COUNT(f, DROPPED_TOO_LARGE, 1);
        return;
    }
    struct source_view *view = s->view;
    view->packets++;
    view->octets[picture.temporal & 3] += made->size;
    if (s->settings.is_video) {
        s->kept_packets[(unsigned)seq & (s->history_size - 1)] = hold(made);
        if (picture.key_frame_start)
            tell(f, (struct fo_event){.kind = KEY_FRAME, .id = s->id, .now_us = now_us}, NULL, 0);
    } else {
        const struct element *level = find_element(h, s->settings.level_id);
        if (level && level->end > level->start) {
            int loud = packet[level->start] & 0x7F;
            if (loud < __atomic_load_n(&view->loudest, __ATOMIC_RELAXED))
                __atomic_store_n(&view->loudest, loud, __ATOMIC_RELAXED);
        }
    }
    if (late)
        tell(f, (struct fo_event){.kind = LATE, .id = s->id, .a = seq, .now_us = now_us}, NULL, 0);
    s->last_packet_us = view->last_packet_us = now_us;
    view->highest = s->highest;
    if (!late) {
        s->newest_timestamp = view->timestamp = made->timestamp;
        s->has_newest = true;
        if (picture.has_numbers) {
            s->numbers = picture.numbers;
            s->has_numbers = true;
        }
    }
    if (!s->paused) {
        for (unsigned i = 0; i < s->legs.count;) {
            struct leg *leg = s->legs.items[i];
            leg_offer(f, leg, s, made, now_us);
            /* a leg that begins leaves the list of the source it came from, never this one's */
            if (i < s->legs.count && s->legs.items[i] == leg)
                i++;
        }
        if (s->tapped)
            tell_packet(f, s, made, now_us, wall_ns);
    }
    let_go(made);
}

/* RFC 4588: what was not missing (probes) or is mere padding is useless. */
static void receive_rtx(struct fanout *f, struct source *s, const uint8_t *packet, size_t size, const struct header *h,
                        int64_t now_us, int64_t wall_ns)
{
    unsigned index = 0;
    const struct fo_rule *rule = NULL;
    for (unsigned i = 0; i < s->settings.repair_count; i++)
        if (s->settings.repairs[i][0] == h->payload_type)
            rule = rule_of(s, s->settings.repairs[i][1], &index);
    if (rule && s->base >= 0 && h->payload_end >= h->payload_start + 2) {
        int64_t seq = unwrap(get16(packet + h->payload_start), s->highest);
        if (seq >= s->base && seq <= s->highest && s->highest - seq <= MAX_BEHIND
            && s->seen[(unsigned)seq & (s->history_size - 1)] < seq) {
            COUNT(f, RTX_REPAIRED, 1);
            take(f, s, packet, size, h, seq, rule, index, 2, true, now_us, wall_ns);
            return;
        }
    }
    COUNT(f, RTX_USELESS, 1);
}

void source_receive(struct fanout *f, struct source *s, const uint8_t *packet, size_t size, const struct header *h,
                    bool repairs, int64_t now_us, int64_t wall_ns)
{
    if (s->closed || (!s->seen && !make_history(s)))
        return;
    if (repairs) {
        receive_rtx(f, s, packet, size, h, now_us, wall_ns);
        return;
    }
    unsigned index = 0;
    const struct fo_rule *rule = rule_of(s, h->payload_type, &index);
    if (!rule) {
        COUNT(f, DROPPED_UNROUTED, 1);
        return;
    }
    bool late = false;
    int64_t seq;
    if (s->highest < 0)
        seq = s->highest = h->seq + 0x10000;
    else {
        seq = unwrap(h->seq, s->highest);
        if (seq > s->highest) {
            if (seq > s->highest + 1 && s->settings.nacks)
                tell(f, (struct fo_event){.kind = GAP, .id = s->id, .a = s->highest + 1, .b = seq - 1, .now_us = now_us},
                     NULL, 0);
            s->highest = seq;
        } else {
            late = true;
            if (s->highest - seq > MAX_BEHIND) {
                COUNT(f, DROPPED_DOUBLES, 1);
                return;
            }
        }
    }
    take(f, s, packet, size, h, seq, rule, index, 0, late, now_us, wall_ns);
}

void source_close(struct fanout *f, struct source *s)
{
    if (s->closed)
        return;
    s->closed = true;
    while (s->legs.count)
        leg_lose(f, s->legs.items[s->legs.count - 1], s);
    for (unsigned i = 0; s->kept_packets && i < s->history_size; i++)
        let_go(s->kept_packets[i]);
    free(s->kept_packets);
    free(s->seen);
    s->kept_packets = NULL;
    s->seen = NULL;
    free(s->legs.items);
    s->legs = (struct legs){0};
    drop_view(s->view);
    s->view = NULL;
    if (!s->users)
        free(s);
}

void source_unuse(struct source *s)
{
    if (!--s->users && s->closed)
        free(s);
}
