"""Work on closed recordings that may take its time: the film (MP4), small pictures, the text of stills.

``Workshop`` runs one job at a time, each in a process of its own (``python -m recorder.jobs``) at the lowest
priority the system has, so that a lesson that is live never waits for it. A job reads the recording's files,
writes to temporary names (``.job-…``) and renames what is whole; whatever becomes of its process is a failed
job and nothing more. Here, and only here, the recorder decodes pictures.

May import the recorder's manifest and messages; nothing that records imports it.
"""
