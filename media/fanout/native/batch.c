/* Datagrams written in place and sent together: for each outlet runs of one size cross the kernel as one (UDP_SEGMENT). */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "thread.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#define SLOTS 2048
#define MOST_SEGMENTS 48
#define MOST_BYTES 60000
#define CONTROL CMSG_SPACE(sizeof(uint16_t))
#define NONE UINT32_MAX

void batch_open(struct fanout *f)
{
    struct batch *b = &f->batch;
    b->memory = malloc((size_t)SLOTS * SLOT);
    b->slots = calloc(SLOTS, sizeof *b->slots);
    b->outlets = calloc(SLOTS, sizeof *b->outlets);
    b->vectors = calloc(SLOTS, sizeof *b->vectors);
    b->messages = calloc(SLOTS, sizeof *b->messages);
    b->segments = calloc(SLOTS, sizeof *b->segments);
    b->controls = calloc(SLOTS, CONTROL);
    int zero = 0;
    b->can_segment = !setsockopt(f->fd, IPPROTO_UDP, UDP_SEGMENT, &zero, sizeof zero);
}

void batch_close(struct fanout *f)
{
    struct batch *b = &f->batch;
    void *all[] = {b->memory, b->slots, b->outlets, b->vectors, b->messages, b->segments, b->controls};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

uint8_t *batch_room(struct fanout *f)
{
    if (f->batch.count == SLOTS)
        batch_flush(f);
    return f->batch.memory + (size_t)f->batch.count * SLOT;
}

/* The slot that was just written goes to the outlet's present address. */
void batch_add(struct fanout *f, struct outlet *outlet, size_t size)
{
    struct batch *b = &f->batch;
    unsigned at = b->count++;
    if (!at)
        b->first_us = f->now_us;
    b->slots[at] = (struct slot){outlet, (uint16_t)size, NONE};
    if (outlet->batch_mark) {
        b->slots[outlet->batch_tail].next = at;
    } else {
        outlet->batch_mark = 1;
        outlet->batch_head = at;
        b->outlets[b->outlet_count++] = outlet;
    }
    outlet->batch_tail = at;
}

static void head(struct batch *b, unsigned index, struct outlet *outlet, struct iovec *first, unsigned count,
                 unsigned size)
{
    struct msghdr *m = &b->messages[index].msg_hdr;
    *m = (struct msghdr){.msg_name = outlet->name, .msg_namelen = outlet->name_size, .msg_iov = first,
                         .msg_iovlen = count};
    b->segments[index] = count;
    if (count < 2)
        return;
    m->msg_control = b->controls + index * CONTROL;
    m->msg_controllen = CONTROL;
    struct cmsghdr *c = CMSG_FIRSTHDR(m);
    c->cmsg_level = IPPROTO_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(uint16_t));
    uint16_t segment = (uint16_t)size;
    memcpy(CMSG_DATA(c), &segment, sizeof segment);
}

static unsigned prepare(struct fanout *f)
{
    struct batch *b = &f->batch;
    unsigned messages = 0, vector = 0;
    for (unsigned i = 0; i < b->outlet_count; i++) {
        struct outlet *outlet = b->outlets[i];
        unsigned first = vector, size = 0, total = 0;
        for (unsigned at = outlet->batch_head; at != NONE; at = b->slots[at].next) {
            unsigned length = b->slots[at].size, count = vector - first;
            /* only the last of a group may be shorter */
            if (count && (!b->can_segment || length > size || total % size || count == MOST_SEGMENTS
                          || total + length > MOST_BYTES)) {
                head(b, messages++, outlet, b->vectors + first, count, size);
                first = vector;
                total = 0;
            }
            if (vector == first)
                size = length;
            b->vectors[vector++] = (struct iovec){b->memory + (size_t)at * SLOT, length};
            total += length;
        }
        head(b, messages++, outlet, b->vectors + first, vector - first, size);
        outlet->batch_mark = 0;
    }
    return messages;
}

static void count_sent(struct fanout *f, const struct msghdr *m)
{
    int64_t bytes = 0;
    for (unsigned i = 0; i < m->msg_iovlen; i++)
        bytes += (int64_t)m->msg_iov[i].iov_len;
    COUNT(f, SENT_PACKETS, (int64_t)m->msg_iovlen);
    COUNT(f, SENT_BYTES, bytes);
}

/* A group that was refused: each datagram by itself. */
static void send_singly(struct fanout *f, struct msghdr *group)
{
    for (unsigned i = 0; i < group->msg_iovlen; i++) {
        struct msghdr one = {.msg_name = group->msg_name, .msg_namelen = group->msg_namelen,
                             .msg_iov = group->msg_iov + i, .msg_iovlen = 1};
        if (sendmsg(f->fd, &one, MSG_DONTWAIT) >= 0)
            count_sent(f, &one);
        else
            COUNT(f, DROPPED_FULL, 1);
    }
}

void batch_flush(struct fanout *f)
{
    struct batch *b = &f->batch;
    if (!b->count)
        return;
    unsigned count = prepare(f), done = 0;
    b->count = b->outlet_count = 0;
    while (done < count) {
        int sent = sendmmsg(f->fd, b->messages + done, count - done, MSG_DONTWAIT);
        if (sent > 0) {
            for (int i = 0; i < sent; i++)
                count_sent(f, &b->messages[done++].msg_hdr);
            continue;
        }
        if (errno == EINTR)
            continue;
        struct msghdr *refused = &b->messages[done].msg_hdr;
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            for (; done < count; done++)
                COUNT(f, DROPPED_FULL, (int64_t)b->messages[done].msg_hdr.msg_iovlen);
            return;
        }
        if (refused->msg_iovlen > 1) {
            if (errno == EIO)
                b->can_segment = false;              /* the way out cannot */
            send_singly(f, refused);
        } else
            COUNT(f, DROPPED_FULL, 1);
        done++;
    }
}
