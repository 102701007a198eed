/* The last steps of a packet: the fields that differ from subscriber to subscriber, SRTP, into the batch. */
#include <string.h>

#include "bytes.h"
#include "thread.h"

#define PROBATOR_SSRC 1234
#define PROBATOR_PAYLOAD_TYPE 127
#define PROBE_SIZE 1000

static void number(uint8_t *out, const struct leg *leg, const struct packet *packet, int64_t seq, uint32_t timestamp,
                   uint32_t ssrc, uint16_t wide)
{
    put16(out + 2, (uint16_t)seq);
    put32(out + 4, timestamp);
    put32(out + 8, ssrc);
    if (packet->two_byte) {
        memcpy(out + 16, leg->two_byte, 8);
        put16(out + 24, wide);
    } else {
        memcpy(out + 16, leg->one_byte, 6);
        put16(out + 22, wide);
    }
}

/* Protects what stands in the batch's next slot and queues it; the size on the wire, 0: refused. */
static int finish(struct fanout *f, struct outlet *outlet, uint8_t *slot, size_t size, bool rtcp)
{
    int length = (int)size;
    if ((rtcp ? f->srtp.protect_rtcp : f->srtp.protect)(outlet->srtp, slot, &length)) {
        COUNT(f, DROPPED_REFUSED, 1);
        return 0;
    }
    if (outlet->to_stream) {
        COUNT(f, SENT_PACKETS, 1);
        COUNT(f, SENT_BYTES, length);
        tell(f, (struct fo_event){.kind = STREAM_OUT, .id = outlet->id}, slot, (size_t)length);
    } else
        batch_add(f, outlet, (size_t)length);
    return length;
}

/* The same for a packet with the outlet's next transport-wide number, which is remembered for the feedback. */
static int finish_numbered(struct fanout *f, struct outlet *outlet, uint8_t *slot, size_t size, int64_t now_us)
{
    uint16_t wide = outlet->transport_cc++;
    int length = finish(f, outlet, slot, size, false);
    if (length) {
        outlet->sent_us[wide & (SENT - 1)] = (uint32_t)now_us;
        outlet->sent_size[wide & (SENT - 1)] = (uint16_t)length;
        outlet->octets += (unsigned)length;
    }
    return length;
}

static bool may_send(struct fanout *f, const struct outlet *outlet, size_t size)
{
    if (!outlet_is_ready(outlet)) {
        COUNT(f, DROPPED_NOWHERE, 1);
        return false;
    }
    if (size > MAX_PACKET) {
        COUNT(f, DROPPED_TOO_LARGE, 1);
        return false;
    }
    return true;
}

int send_packet(struct fanout *f, struct leg *leg, const struct epoch *epoch, const struct packet *packet, int64_t out,
                int64_t now_us)
{
    struct outlet *outlet = leg->outlet;
    if (!may_send(f, outlet, packet->size))
        return 0;
    uint8_t *slot = batch_room(f);
    memcpy(slot, packet->data, packet->size);
    number(slot, leg, packet, out, packet->timestamp + epoch->timestamp_offset, leg->settings.ssrc,
           outlet->transport_cc);
    if (packet->picture.has_numbers && (epoch->picture_offset || epoch->tl0_offset))
        write_numbers(slot + packet->payload_start, &packet->picture.numbers, epoch->picture_offset,
                      epoch->tl0_offset);
    int length = finish_numbered(f, outlet, slot, packet->size, now_us);
    if (!length)
        return 0;
    if (leg->settings.is_voice) {
        outlet->voice_octets += (unsigned)length;
        outlet->credit -= length;
    }
    leg->view->packets++;
    leg->view->octets += packet->payload_size;
    return length;
}

/* RFC 4588 4: the original number in front of the payload, on an SSRC of its own. */
int send_rtx(struct fanout *f, struct leg *leg, const struct epoch *epoch, const struct packet *packet, int64_t out,
             int64_t now_us)
{
    struct outlet *outlet = leg->outlet;
    size_t head = packet->payload_start, size = packet->size + 2u;
    if (!outlet_is_ready(outlet) || size > MAX_PACKET)
        return 0;
    uint8_t *slot = batch_room(f);
    memcpy(slot, packet->data, head);
    put16(slot + head, (uint16_t)out);
    memcpy(slot + head + 2, packet->data + head, packet->size - head);
    slot[1] = (uint8_t)((slot[1] & 0x80) | leg->settings.rtx_payload_type);
    number(slot, leg, packet, leg->rtx_seq++, packet->timestamp + epoch->timestamp_offset, leg->settings.rtx_ssrc,
           outlet->transport_cc);
    if (packet->picture.has_numbers && (epoch->picture_offset || epoch->tl0_offset))
        write_numbers(slot + head + 2, &packet->picture.numbers, epoch->picture_offset, epoch->tl0_offset);
    if (!finish_numbered(f, outlet, slot, size, now_us))
        return 0;
    COUNT(f, SENT_RETRANSMITTED, 1);
    leg->view->rtx_packets++;
    leg->view->rtx_octets += (int64_t)size;
    return (int)size;
}

/* Padding (RFC 3550 5.1) with a transport-wide number. */
int send_probe(struct fanout *f, struct outlet *outlet, int64_t now_us)
{
    if (!outlet_is_ready(outlet) || !outlet->legs.count)
        return 0;
    uint8_t *slot = batch_room(f);
    memset(slot, 0, PROBE_SIZE);
    slot[0] = 0xB0;
    slot[1] = PROBATOR_PAYLOAD_TYPE;
    put16(slot + 2, outlet->probe_seq++);
    put32(slot + 8, PROBATOR_SSRC);
    put16(slot + 12, 0xBEDE);
    put16(slot + 14, 1);
    slot[16] = outlet->legs.items[0]->one_byte[5];
    put16(slot + 17, outlet->transport_cc);
    slot[PROBE_SIZE - 1] = 255;
    int length = finish_numbered(f, outlet, slot, PROBE_SIZE, now_us);
    if (length) {
        COUNT(f, SENT_PROBES, 1);
        outlet->probe_octets += (unsigned)length;
    }
    return length;
}

void send_rtcp(struct fanout *f, struct outlet *outlet, const uint8_t *data, size_t size)
{
    if (!may_send(f, outlet, size))
        return;
    uint8_t *slot = batch_room(f);
    memcpy(slot, data, size);
    finish(f, outlet, slot, size, true);
}
