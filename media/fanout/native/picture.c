/* What forwarding must know of the picture a packet belongs to. Mirrors media/rtp/picture.py. */
#include "fanout.h"
#include "bytes.h"

/* RFC 7741 4.2: where the payload header begins, after the descriptor; 0: nowhere. */
static size_t vp8_payload(const uint8_t *p, size_t start, size_t end)
{
    if (start >= end)
        return 0;
    size_t at = start + 1;
    if (p[start] & 0x80) {
        if (at >= end)
            return 0;
        uint8_t flags = p[at++];
        if (flags & 0x80) {
            if (at >= end)
                return 0;
            at += p[at] & 0x80 ? 2 : 1;
        }
        at += !!(flags & 0x40);
        at += !!(flags & 0x30);
    }
    return at < end ? at : 0;
}

static bool read_picture_id(const uint8_t *p, size_t start, size_t end, size_t *at, struct numbers *n)
{
    if (*at >= end)
        return false;
    n->picture_at = (int16_t)(*at - start);
    if (p[*at] & 0x80) {
        if (*at + 1 >= end)
            return false;
        n->wide = true;
        n->picture = (uint16_t)((p[*at] & 0x7F) << 8 | p[*at + 1]);
        *at += 2;
    } else
        n->picture = p[(*at)++];
    return true;
}

static void read_vp8(const uint8_t *p, size_t start, size_t end, struct picture *out)
{
    size_t payload = vp8_payload(p, start, end);
    out->key_frame_start = payload && (p[start] & 0x17) == 0x10 && !(p[payload] & 1);
    out->up = out->key_frame_start ? UP_TO_ALL : NOT_UP;
    if (start + 1 >= end || !(p[start] & 0x80))
        return;
    uint8_t flags = p[start + 1];
    size_t at = start + 2;
    struct numbers n = {-1, -1, 0, 0, false};
    if (flags & 0x80 && !read_picture_id(p, start, end, &at, &n))
        return;
    if (flags & 0x40) {
        if (at >= end)
            return;
        n.tl0_at = (int16_t)(at - start);
        n.tl0 = p[at++];
    }
    if (n.picture_at >= 0 || n.tl0_at >= 0) {
        out->numbers = n;
        out->has_numbers = true;
    }
    if (flags & 0x20 && at < end) {
        out->temporal = p[at] >> 6;
        if (!out->key_frame_start && p[at] & 0x20)
            out->up = UP_TO_ITSELF;
    }
}

static void read_vp9(const uint8_t *p, size_t start, size_t end, struct picture *out)
{
    out->up = UP_TO_ALL;                             /* what is cut off reads as the base layer */
    if (start >= end)
        return;
    uint8_t head = p[start];
    size_t at = start + 1;
    struct numbers n = {-1, -1, 0, 0, false};
    if (head & 0x80 && !read_picture_id(p, start, end, &at, &n))
        return;
    uint8_t spatial = 0;
    bool layered = head & 0x20;
    if (layered) {
        if (at >= end)
            return;
        out->temporal = p[at] >> 5;
        spatial = p[at] >> 1 & 7;
        out->up = p[at] & 0x10 ? UP_TO_ALL : NOT_UP;
        at++;
        if (!(head & 0x10) && at < end) {
            n.tl0_at = (int16_t)(at - start);
            n.tl0 = p[at];
        }
    }
    out->key_frame_start = !(head & 0x40) && head & 0x08 && !spatial;
    if (out->key_frame_start)
        out->up = UP_TO_ALL;
    if (n.picture_at >= 0 || n.tl0_at >= 0) {
        out->numbers = n;
        out->has_numbers = true;
    }
}

static bool h264_key(const uint8_t *p, size_t start, size_t end)
{
    if (start >= end)
        return false;
    uint8_t kind = p[start] & 0x1F;
    if (kind == 24) {
        for (size_t at = start + 1; at + 2 < end; at += 2 + get16(p + at))
            if ((p[at + 2] & 0x1F) == 7 || (p[at + 2] & 0x1F) == 5)
                return true;
        return false;
    }
    if (kind == 28)
        return start + 1 < end && p[start + 1] & 0x80
               && ((p[start + 1] & 0x1F) == 7 || (p[start + 1] & 0x1F) == 5);
    return kind == 7 || kind == 5;
}

struct bits { const uint8_t *p; size_t left_from, size; bool is_short; };

static unsigned take(struct bits *b, unsigned count)
{
    unsigned value = 0;
    for (; count; count--, b->left_from++) {
        if (b->left_from >= b->size * 8) {
            b->is_short = true;
            return 0;
        }
        value = value << 1 | (b->p[b->left_from / 8] >> (7 - b->left_from % 8) & 1);
    }
    return value;
}

/* The dependency descriptor (AV1 RTP, appendix A): the frame's temporal layer by its template. */
static uint8_t descriptor_temporal(struct templates *t, const uint8_t *d, size_t size)
{
    if (size < 3)
        return 0;
    if (size > 3) {
        struct bits b = {d + 3, 0, size - 3, false};
        bool present = take(&b, 1);
        take(&b, 4);
        if (present) {
            struct templates fresh = {(uint8_t)take(&b, 6), 0, {0}};
            take(&b, 5);
            unsigned temporal = 0;
            while (fresh.count < 64) {
                fresh.temporal[fresh.count++] = (uint8_t)temporal;
                unsigned step = take(&b, 2);
                if (step == 1)
                    temporal++;
                else if (step == 2)
                    temporal = 0;
                else if (step == 3)
                    break;
            }
            if (!b.is_short)
                *t = fresh;
        }
    }
    unsigned index = (d[0] - t->first) & 0x3F;
    return index < t->count ? t->temporal[index] : 0;
}

void read_picture(enum codec codec, struct templates *templates, const uint8_t *p, size_t start, size_t end,
                  const uint8_t *descriptor, size_t descriptor_size, struct picture *out)
{
    *out = (struct picture){0};
    switch (codec) {
    case OPUS:
        out->key_frame_start = true;
        out->up = UP_TO_ALL;
        return;
    case VP8:
        read_vp8(p, start, end, out);
        return;
    case VP9:
        read_vp9(p, start, end, out);
        return;
    case H264:
        out->key_frame_start = h264_key(p, start, end);
        out->up = UP_TO_ALL;
        return;
    case AV1:
        out->key_frame_start = start < end && (p[start] & 0x88) == 0x08;
        out->temporal = descriptor ? descriptor_temporal(templates, descriptor, descriptor_size) : 0;
        out->up = out->temporal ? NOT_UP : UP_TO_ALL;
    }
}

void write_numbers(uint8_t *payload, const struct numbers *n, int picture_offset, int tl0_offset)
{
    if (n->picture_at >= 0) {
        uint8_t *at = payload + n->picture_at;
        if (n->wide)
            put16(at, (uint16_t)(0x8000 | ((n->picture + picture_offset) & 0x7FFF)));
        else
            at[0] = (uint8_t)((n->picture + picture_offset) & 0x7F);
    }
    if (n->tl0_at >= 0)
        payload[n->tl0_at] = (uint8_t)(n->tl0 + tl0_offset);
}
