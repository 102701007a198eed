/* The socket: drained in batches with the kernel's arrival times; who is behind an address. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "thread.h"

#define BATCH 64
#define CONTROL 64
#define MOST_AGE_NS 2000000000ll

void receive_open(struct fanout *f)
{
    f->incoming = malloc((size_t)BATCH * SLOT);
    f->names = calloc(BATCH, 32);
    f->controls = calloc(BATCH, CONTROL);
    f->in_vectors = calloc(BATCH, sizeof *f->in_vectors);
    f->in_messages = calloc(BATCH, sizeof *f->in_messages);
    f->trusted_room = 64;
    f->trusted = calloc(f->trusted_room, sizeof *f->trusted);
    int one = 1;
    setsockopt(f->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one);
    for (unsigned i = 0; i < BATCH; i++) {
        f->in_vectors[i] = (struct iovec){f->incoming + (size_t)i * SLOT, SLOT};
        f->in_messages[i].msg_hdr.msg_iov = &f->in_vectors[i];
        f->in_messages[i].msg_hdr.msg_iovlen = 1;
        f->in_messages[i].msg_hdr.msg_name = f->names + i * 32;
        f->in_messages[i].msg_hdr.msg_control = f->controls + i * CONTROL;
    }
}

void receive_close(struct fanout *f)
{
    void *all[] = {f->incoming, f->names, f->controls, f->in_vectors, f->in_messages, f->trusted};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

/* --- trusted addresses: open addressing, linear probing ------------------------------------- */

/* Keyed so that nobody can choose addresses that collide: mixed with where the table is. */
static uint32_t hash(const struct fanout *f, const uint8_t *key, unsigned size)
{
    uint64_t h = (uintptr_t)f * 0x9E3779B97F4A7C15ull;
    for (unsigned i = 2; i < size; i++)
        h = (h ^ key[i]) * 0x100000001B3ull;
    return (uint32_t)(h ^ h >> 32);
}

static struct trusted *find(struct fanout *f, const uint8_t *key, unsigned size)
{
    unsigned mask = f->trusted_room - 1, at = hash(f, key, size) & mask;
    while (f->trusted[at].inlet && (f->trusted[at].size != size || memcmp(f->trusted[at].key, key, size)))
        at = (at + 1) & mask;
    return &f->trusted[at];
}

struct inlet *who_is(struct fanout *f, const uint8_t *key, unsigned size)
{
    return find(f, key, size)->inlet;
}

static void grow(struct fanout *f)
{
    struct trusted *old = f->trusted;
    unsigned room = f->trusted_room;
    struct trusted *fresh = calloc(2 * room, sizeof *fresh);
    if (!fresh)
        return;
    f->trusted = fresh;
    f->trusted_room = 2 * room;
    for (unsigned i = 0; i < room; i++)
        if (old[i].inlet)
            *find(f, old[i].key, old[i].size) = old[i];
    free(old);
}

static void remove_at(struct fanout *f, struct trusted *entry)
{
    unsigned mask = f->trusted_room - 1, hole = (unsigned)(entry - f->trusted);
    f->trusted[hole].inlet = NULL;
    f->trusted_count--;
    for (unsigned at = (hole + 1) & mask; f->trusted[at].inlet; at = (at + 1) & mask) {
        struct trusted moved = f->trusted[at];
        f->trusted[at].inlet = NULL;
        *find(f, moved.key, moved.size) = moved;
    }
}

void trust(struct fanout *f, const uint8_t *key, unsigned size, struct inlet *inlet)
{
    if (size > 32)
        return;
    struct trusted *entry = find(f, key, size);
    if (!inlet) {
        if (entry->inlet)
            remove_at(f, entry);
        return;
    }
    if (!entry->inlet && 2 * ++f->trusted_count > f->trusted_room) {
        grow(f);
        entry = find(f, key, size);
    }
    memcpy(entry->key, key, size);
    entry->size = (uint8_t)size;
    entry->inlet = inlet;
}

void distrust_all(struct fanout *f, struct inlet *inlet)
{
    for (unsigned i = 0; i < f->trusted_room;)
        if (f->trusted[i].inlet == inlet)
            remove_at(f, &f->trusted[i]);            /* another may have moved here */
        else
            i++;
}

/* --- datagrams ------------------------------------------------------------------------------ */

static int64_t arrived_ns(struct msghdr *m)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
        if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPNS) {
            struct timespec at;
            memcpy(&at, CMSG_DATA(c), sizeof at);
            return (int64_t)at.tv_sec * 1000000000 + at.tv_nsec;
        }
    return 0;
}

static void datagram(struct fanout *f, uint8_t *data, size_t size, const uint8_t *key, unsigned key_size,
                     int64_t now_us, int64_t wall_ns)
{
    struct inlet *inlet = who_is(f, key, key_size);
    if (data[0] < 4) {                               /* RFC 7983 */
        if (inlet && answer_check(f, inlet, data, size, key, key_size))
            return;
        struct fo_event e = {.kind = STUN, .now_us = now_us, .key_size = (uint8_t)key_size};
        memcpy(e.key, key, key_size);
        tell(f, e, data, size);
    } else if (!inlet)
        COUNT(f, DROPPED_UNVALIDATED, 1);
    else
        inlet_receive(f, inlet, data, size, now_us, wall_ns);
}

/* Whether there may be more. */
bool receive_batch(struct fanout *f)
{
    unsigned name_size = f->family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
    for (unsigned i = 0; i < BATCH; i++) {
        f->in_messages[i].msg_hdr.msg_namelen = name_size;
        f->in_messages[i].msg_hdr.msg_controllen = CONTROL;
    }
    int count = recvmmsg(f->fd, f->in_messages, BATCH, MSG_DONTWAIT, NULL);
    if (count <= 0)
        return false;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    int64_t wall_now = (int64_t)wall.tv_sec * 1000000000 + wall.tv_nsec, bytes = 0;
    for (int i = 0; i < count; i++) {
        size_t size = f->in_messages[i].msg_len;
        bytes += (int64_t)size;
        if (!size || f->in_messages[i].msg_hdr.msg_flags & MSG_TRUNC)
            continue;
        int64_t at = arrived_ns(&f->in_messages[i].msg_hdr), age = wall_now - at;
        if (!at || age < 0 || age > MOST_AGE_NS)
            age = 0;
        datagram(f, f->incoming + (size_t)i * SLOT, size, f->names + i * 32, name_size, f->now_us - age / 1000,
                 wall_now - age);
    }
    COUNT(f, UDP_RECEIVED, count);
    COUNT(f, UDP_RECEIVED_BYTES, bytes);
    return count == BATCH;
}
