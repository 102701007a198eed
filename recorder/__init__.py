"""RTP in, files out: the programme of a lesson and one file per share, playable the moment it ends.

Invariant: never decodes video; what is on disk is playable after ``kill -9`` at any moment; writes
nothing outside a recording's own directory. May import media's pure RTP modules.
"""
