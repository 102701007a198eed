/* Connectivity checks from the selected address of an inlet, answered where they arrive (RFC 8445 7.3, RFC 8489).
 * Whatever is not plainly right is left to Python, which decides. */
#include <string.h>
#include <sys/socket.h>

#include "bytes.h"
#include "thread.h"

#define MAGIC 0x2112A442u

void stun_open(struct fanout *f)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        f->crc[i] = c;
    }
}

static uint32_t fingerprint(const struct fanout *f, const uint8_t *p, size_t size)
{
    uint32_t c = ~0u;
    for (size_t i = 0; i < size; i++)
        c = f->crc[(c ^ p[i]) & 255] ^ c >> 8;
    return ~c ^ 0x5354554E;
}

static bool mac(struct fanout *f, const char *password, const uint8_t *data, size_t size, uint8_t out[20])
{
    unsigned length = 20;
    return f->srtp.hmac(f->srtp.sha1(), password, (int)strlen(password), data, size, out, &length) && length == 20;
}

static bool same(const uint8_t *a, const uint8_t *b, size_t size)
{
    uint8_t different = 0;
    for (size_t i = 0; i < size; i++)
        different |= a[i] ^ b[i];
    return !different;
}

static bool is_right(struct fanout *f, struct inlet *inlet, const uint8_t *p, size_t size)
{
    if (size < 20 + 8 + 24 || size > 1280 || get16(p) != 0x0001 || get32(p + 4) != MAGIC
        || get16(p + 2) != size - 20 || size & 3)
        return false;
    size_t at = 20, integrity = 0, ufrag = strlen(inlet->ufrag);
    bool named = false, marked = false;
    while (at + 4 <= size) {
        unsigned name = get16(p + at), length = get16(p + at + 2);
        size_t start = at + 4, end = start + length;
        if (end > size)
            return false;
        if (name == 0x8028) {
            if (length != 4 || end != size || get32(p + start) != fingerprint(f, p, at))
                return false;
            marked = true;
        } else if (!integrity && name == 0x0006)
            named = length > ufrag && !memcmp(p + start, inlet->ufrag, ufrag) && p[start + ufrag] == ':';
        else if (!integrity && name == 0x0008) {
            if (length != 20)
                return false;
            integrity = at;
        } else if (!integrity && name != 0x0024 && name != 0x0025 && name < 0x8000)
            return false;                            /* comprehension required, and not known here */
        at = end + (-length & 3);
    }
    if (at != size || !integrity || !named || !marked)
        return false;
    uint8_t head[1280], code[20];
    memcpy(head, p, integrity);
    put16(head + 2, (uint16_t)(integrity - 20 + 24));
    return mac(f, inlet->password, head, integrity, code) && same(code, p + integrity + 4, 20);
}

bool answer_check(struct fanout *f, struct inlet *inlet, const uint8_t *p, size_t size, const uint8_t *key,
                  unsigned key_size)
{
    if (!f->srtp.hmac || !inlet->ufrag[0] || inlet->check_key_size != key_size
        || memcmp(inlet->check_key, key, key_size) || !is_right(f, inlet, p, size))
        return false;
    bool v4 = key_size == 16;
    const uint8_t *address = key + (v4 ? 4 : 8);
    unsigned length = v4 ? 4 : 16;
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (!v4 && !memcmp(address, mapped, 12)) {
        address += 12;
        length = 4;
    }
    uint8_t out[128];
    size_t body = 8 + length;
    put16(out, 0x0101);
    memcpy(out + 4, p + 4, 16);
    put16(out + 20, 0x0020);
    put16(out + 22, (uint16_t)(4 + length));
    out[24] = 0;
    out[25] = length == 4 ? 1 : 2;
    put16(out + 26, get16(key + 2) ^ (MAGIC >> 16));
    for (unsigned i = 0; i < length; i++)
        out[28 + i] = address[i] ^ p[4 + i];         /* cookie, then transaction */
    size_t at = 20 + body;
    put16(out + 2, (uint16_t)(body + 24));
    put16(out + at, 0x0008);
    put16(out + at + 2, 20);
    if (!mac(f, inlet->password, out, at, out + at + 4))
        return false;
    at += 24;
    put16(out + 2, (uint16_t)(at - 20 + 8));
    put16(out + at, 0x8028);
    put16(out + at + 2, 4);
    put32(out + at + 4, fingerprint(f, out, at));
    sendto(f->fd, out, at + 8, MSG_DONTWAIT, (const struct sockaddr *)key, key_size);
    __atomic_store_n(&inlet->view->checked_us, f->now_us, __ATOMIC_RELAXED);
    COUNT(f, CHECKS_ANSWERED, 1);
    return true;
}
