/* The RTP header (RFC 3550 5.1, RFC 8285) and the template that all subscribers share. */
#include <stdlib.h>
#include <string.h>

#include "fanout.h"
#include "bytes.h"

static void add_element(struct header *h, uint8_t id, size_t start, size_t end)
{
    for (unsigned i = 0; i < h->count; i++)
        if (h->ids[i] == id) {                       /* the last one counts */
            h->elements[i] = (struct element){(uint16_t)start, (uint16_t)end};
            return;
        }
    if (h->count == 32)
        return;
    h->ids[h->count] = id;
    h->elements[h->count++] = (struct element){(uint16_t)start, (uint16_t)end};
}

static void one_byte_elements(const uint8_t *p, size_t at, size_t end, struct header *h)
{
    while (at < end) {
        uint8_t head = p[at++];
        if (!head)
            continue;
        if (head >> 4 == 15)
            return;
        size_t stop = at + (head & 15) + 1;
        if (stop > end)
            return;
        if (head >> 4)
            add_element(h, head >> 4, at, stop);
        at = stop;
    }
}

static void two_byte_elements(const uint8_t *p, size_t at, size_t end, struct header *h)
{
    while (at < end) {
        uint8_t id = p[at++];
        if (!id)
            continue;
        if (at >= end)
            return;
        size_t stop = at + 1 + p[at];
        if (stop > end)
            return;
        add_element(h, id, at + 1, stop);
        at = stop;
    }
}

bool parse_rtp(const uint8_t *p, size_t size, struct header *h)
{
    if (size < 12 || size > SLOT || p[0] >> 6 != 2)
        return false;
    size_t start = 12 + 4 * (size_t)(p[0] & 15);
    h->count = 0;
    if (p[0] & 0x10) {
        if (start + 4 > size)
            return false;
        unsigned profile = get16(p + start);
        size_t begin = start + 4;
        start = begin + 4 * (size_t)get16(p + start + 2);
        if (start > size)
            return false;
        if (profile == 0xBEDE)
            one_byte_elements(p, begin, start, h);
        else if ((profile & 0xFFF0) == 0x1000)
            two_byte_elements(p, begin, start, h);
    } else if (start > size)
        return false;
    unsigned padding = 0;
    if (p[0] & 0x20) {
        padding = p[size - 1];
        if (!padding || start + padding > size)
            return false;
    }
    h->payload_type = p[1] & 0x7F;
    h->marker = p[1] >> 7;
    h->seq = get16(p + 2);
    h->timestamp = get32(p + 4);
    h->ssrc = get32(p + 8);
    h->payload_start = (uint16_t)start;
    h->payload_end = (uint16_t)(size - padding);
    h->padding = (uint16_t)padding;
    return true;
}

const struct element *find_element(const struct header *h, uint8_t id)
{
    if (id)
        for (unsigned i = 0; i < h->count; i++)
            if (h->ids[i] == id)
                return &h->elements[i];
    return NULL;
}

/* Layout: fixed header, extension head, room for MID (4 characters) and the transport-wide number, the elements kept,
 * fill, payload with its padding. */
struct packet *make_packet(const uint8_t *p, const struct header *h, int64_t seq, uint8_t payload_type,
                           const uint8_t kept[256], const struct picture *picture, unsigned skip, uint32_t ssrc,
                           size_t size)
{
    bool two_byte = false;
    size_t elements = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < h->count; i++)
        if (kept[h->ids[i]]) {
            size_t length = h->elements[i].end - h->elements[i].start;
            if (length > 16 || !length || kept[h->ids[i]] > 14)
                two_byte = true;
            elements += length;
            count++;
        }
    elements += count * (two_byte ? 2 : 1);
    size_t room = two_byte ? 10 : 8, extension = room + elements, fill = -extension & 3;
    size_t head = 16 + extension + fill, payload = size - h->payload_start - skip;
    if (head + payload > MAX_PACKET)
        return NULL;
    struct packet *made = malloc(sizeof *made + head + payload);
    if (!made)
        return NULL;
    *made = (struct packet){.references = 1, .seq = seq, .timestamp = h->timestamp, .two_byte = two_byte,
                            .marker = h->marker, .picture = *picture, .size = (uint16_t)(head + payload),
                            .payload_start = (uint16_t)head,
                            .payload_size = (uint16_t)(h->payload_end - h->payload_start - skip)};
    uint8_t *out = made->data;
    out[0] = h->padding ? 0xB0 : 0x90;
    out[1] = (uint8_t)(payload_type | (h->marker ? 0x80 : 0));
    put16(out + 2, (uint16_t)seq);
    put32(out + 4, h->timestamp);
    put32(out + 8, ssrc);
    put16(out + 12, two_byte ? 0x1000 : 0xBEDE);
    put16(out + 14, (uint16_t)((extension + fill) / 4));
    memset(out + 16, 0, room);
    uint8_t *at = out + 16 + room;
    for (unsigned i = 0; i < h->count; i++) {
        uint8_t target = kept[h->ids[i]];
        size_t length = h->elements[i].end - h->elements[i].start;
        if (!target)
            continue;
        if (two_byte) {
            *at++ = target;
            *at++ = (uint8_t)length;
        } else
            *at++ = (uint8_t)(target << 4 | (length - 1));
        memcpy(at, p + h->elements[i].start, length);
        at += length;
    }
    memset(at, 0, fill);
    memcpy(out + head, p + h->payload_start + skip, payload);
    return made;
}

void let_go(struct packet *packet)
{
    if (packet && !--packet->references)
        free(packet);
}
