/* The two ways between Python's thread and the fanout's: commands in, events out. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "thread.h"

#define MOST_EVENTS 8192

/* What strangers and participants can cause at will has its own room. */
static unsigned quota_of(unsigned kind)
{
    switch (kind) {
    case STUN: return 0;
    case DTLS: return 1;
    case RTCP: return 2;
    case UNKNOWN: case BEGAN: case STARVED: case DIGEST: return 3;
    case STREAM_OUT: return 4;
    default: return 5;
    }
}
static const unsigned quotas[QUOTAS] = {512, 1024, 1024, 2048, 1024, 2560};

static bool is_urgent(unsigned kind)
{
    return kind != GAP && kind != LATE && kind != TAPPED && kind != DIGEST;
}

void queues_open(struct fanout *f)
{
    pthread_mutex_init(&f->commands.mutex, NULL);
    pthread_mutex_init(&f->events.mutex, NULL);
    f->events.room = MOST_EVENTS;
    f->events.ring = calloc(MOST_EVENTS, sizeof *f->events.ring);
    f->command_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    f->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

void queues_close(struct fanout *f)
{
    struct events *e = &f->events;
    for (; e->count; e->count--, e->start = (e->start + 1) % e->room)
        free(e->ring[e->start].data);
    free(e->ring);
    for (unsigned i = 0; i < f->commands.count; i++)
        free(f->commands.items[i].data);
    free(f->commands.items);
    pthread_mutex_destroy(&f->commands.mutex);
    pthread_mutex_destroy(&e->mutex);
    close(f->command_fd);
    close(f->event_fd);
}

static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t done = write(fd, &one, sizeof one);
    (void)done;
}

void push_command(struct fanout *f, struct command command, const void *data, uint32_t size)
{
    if (size) {
        command.data = malloc(size);
        if (!command.data)
            return;
        memcpy(command.data, data, size);
        command.size = size;
    }
    struct commands *c = &f->commands;
    pthread_mutex_lock(&c->mutex);
    if (c->count == c->room) {
        unsigned room = c->room ? 2 * c->room : 256;
        struct command *items = realloc(c->items, room * sizeof *items);
        if (!items) {
            pthread_mutex_unlock(&c->mutex);
            free(command.data);
            return;
        }
        c->items = items;
        c->room = room;
    }
    bool first = !c->count;
    c->items[c->count++] = command;
    pthread_mutex_unlock(&c->mutex);
    if (first)
        wake(f->command_fd);
}

/* All that waits; the array is the caller's to free. */
unsigned take_commands(struct fanout *f, struct command **items)
{
    struct commands *c = &f->commands;
    pthread_mutex_lock(&c->mutex);
    unsigned count = c->count;
    *items = c->items;
    c->items = NULL;
    c->count = c->room = 0;
    pthread_mutex_unlock(&c->mutex);
    return count;
}

bool tell(struct fanout *f, struct fo_event event, const uint8_t *data, size_t size)
{
    unsigned quota = quota_of(event.kind);
    struct events *e = &f->events;
    bool first = false;
    event.data = NULL;
    event.size = (uint32_t)size;
    pthread_mutex_lock(&e->mutex);
    bool is_full = e->waiting[quota] >= quotas[quota] || e->count == e->room;
    pthread_mutex_unlock(&e->mutex);
    if (!is_full && size) {
        event.data = malloc(size);
        if (event.data)
            memcpy(event.data, data, size);
    }
    if (is_full || (size && !event.data)) {
        COUNT(f, EVENTS_DROPPED, 1);
        return false;
    }
    pthread_mutex_lock(&e->mutex);
    e->ring[(e->start + e->count++) % e->room] = event;
    e->waiting[quota]++;
    if (is_urgent(event.kind) && !e->told)
        first = e->told = true;
    pthread_mutex_unlock(&e->mutex);
    if (first)
        wake(f->event_fd);
    return true;
}

int fo_take(struct fanout *f, struct fo_event *events, int most)
{
    struct events *e = &f->events;
    uint64_t ignored;
    int count = 0;
    pthread_mutex_lock(&e->mutex);
    if (e->told) {
        ssize_t done = read(f->event_fd, &ignored, sizeof ignored);
        (void)done;
        e->told = false;
    }
    for (; count < most && e->count; count++, e->count--, e->start = (e->start + 1) % e->room) {
        events[count] = e->ring[e->start];
        e->waiting[quota_of(events[count].kind)]--;
    }
    if (e->count && !e->told) {
        e->told = true;
        wake(f->event_fd);
    }
    pthread_mutex_unlock(&e->mutex);
    return count;
}

void fo_free(void *data)
{
    free(data);
}

/* A view belongs to the thread and to Python; who lets go last frees it. */
void *make_view(size_t size)
{
    int32_t *view = calloc(1, size);
    if (view)
        *view = 2;
    return view;
}

void drop_view(void *view)
{
    if (view && __atomic_sub_fetch((int32_t *)view, 1, __ATOMIC_ACQ_REL) == 0)
        free(view);
}

void fo_release(void *view)
{
    drop_view(view);
}

void fo_counters(struct fanout *f, int64_t *values)
{
    for (unsigned i = 0; i < COUNTERS; i++)
        values[i] = atomic_load_explicit(&f->counters[i], memory_order_relaxed);
}
