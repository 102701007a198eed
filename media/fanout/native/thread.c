/* The fanout's own thread: the socket, what was asked, what is due; never a lock held in a system call. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "thread.h"

#define COALESCE_US 3000         /* what may wait for more of its kind, where that pays */
#define PAYS 24                  /* datagrams that wait: fewer are not worth a delay */
#define PACER_US 2000
#define MOST_BATCHES 8

static int64_t clock_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void do_commands(struct fanout *f)
{
    uint64_t ignored;
    ssize_t done = read(f->command_fd, &ignored, sizeof ignored);
    (void)done;
    struct command *items;
    unsigned count = take_commands(f, &items);
    for (unsigned i = 0; i < count; i++) {
        carry_out(f, &items[i]);
        free(items[i].data);
    }
    free(items);
}

/* Where a frame's packets come as a burst, several for each outlet wait already: nothing is won by waiting on. */
static bool is_due(const struct fanout *f)
{
    const struct batch *b = &f->batch;
    return b->count < PAYS || b->count >= 4 * b->outlet_count || f->now_us - b->first_us >= COALESCE_US;
}

static int64_t time_left(const struct fanout *f)
{
    int64_t left = 1000000;
    if (f->batch.count)
        left = f->batch.first_us + COALESCE_US - f->now_us;
    if (f->timed && left > PACER_US)
        left = PACER_US;
    return left < 0 ? 0 : left;
}

static void *run(void *argument)
{
    struct fanout *f = argument;
    struct pollfd fds[2] = {{.fd = f->fd, .events = POLLIN}, {.fd = f->command_fd, .events = POLLIN}};
    while (!f->stopping) {
        f->now_us = clock_us();
        int64_t left = time_left(f);
        struct timespec wait = {left / 1000000, left % 1000000 * 1000};
        ppoll(fds, 2, &wait, NULL);
        f->now_us = clock_us();
        if (fds[1].revents & POLLIN)
            do_commands(f);
        if (fds[0].revents & (POLLIN | POLLERR))
            for (int i = 0; i < MOST_BATCHES && receive_batch(f); i++)
                f->now_us = clock_us();
        if (f->timed)
            pacers_run(f, f->now_us);
        if (f->batch.count && is_due(f))
            batch_flush(f);
    }
    batch_flush(f);
    return NULL;
}

struct fanout *fo_open(int fd, const struct fo_crypto *crypto, int *wake_fd)
{
    struct fanout *f = calloc(1, sizeof *f);
    struct sockaddr_storage name;
    socklen_t size = sizeof name;
    if (!f || getsockname(fd, (struct sockaddr *)&name, &size)) {
        free(f);
        return NULL;
    }
    f->fd = fd;
    f->family = name.ss_family;
    memcpy(&f->srtp.protect, &crypto->protect, sizeof(void *));
    memcpy(&f->srtp.protect_rtcp, &crypto->protect_rtcp, sizeof(void *));
    memcpy(&f->srtp.unprotect, &crypto->unprotect, sizeof(void *));
    memcpy(&f->srtp.unprotect_rtcp, &crypto->unprotect_rtcp, sizeof(void *));
    memcpy(&f->srtp.remove_stream, &crypto->remove_stream, sizeof(void *));
    memcpy(&f->srtp.dealloc, &crypto->dealloc, sizeof(void *));
    memcpy(&f->srtp.hmac, &crypto->hmac, sizeof(void *));
    memcpy(&f->srtp.sha1, &crypto->sha1, sizeof(void *));
    queues_open(f);
    receive_open(f);
    batch_open(f);
    stun_open(f);
    f->now_us = clock_us();
    *wake_fd = f->event_fd;
    return f;
}

void fo_start(struct fanout *f)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);       /* signals are Python's */
    f->running = !pthread_create(&f->thread, NULL, run, f);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Everything asked before is carried out; handles that were not closed are let go with the process. */
void fo_close(struct fanout *f)
{
    push_command(f, (struct command){.op = OP_STOP}, NULL, 0);
    if (f->running)
        pthread_join(f->thread, NULL);
    else
        do_commands(f);
    receive_close(f);
    batch_close(f);
    queues_close(f);
    free(f->outlets);
    free(f);
}
