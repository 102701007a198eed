"""The picture before the first picture: one black VP8 key frame of 1280×720, so that a programme which
begins without anything on stage plays and seeks like any other."""

import base64
import zlib

WIDTH, HEIGHT = 1280, 720
BLACK = zlib.decompress(
    base64.b85decode(b"c-s4Lh+!_H76a=AChp@Lt*srcEgkkv3~XX7-`N^d=4aoYt!`00ibl~W8bzaM#34O~f6ulu006>&!nF")
)
