"""Where the files of closed recordings are: in the local directory, or in object storage behind it.

``port.RecordingFiles`` is what everybody reads through: ``local.LocalFiles`` (a directory), ``objects.ObjectFiles``
(S3, GCS, Azure by obstore) and ``both.Archive`` (local if there, else storage), held to one contract suite.
``opening`` decides once, at assembly. ``uploads.Uploads`` moves closed recordings from the first to the second; only
the recorder role runs it. ``late.Late`` deletes what arrives of an erased recording after its erasure.

Invariants: a local copy goes only after its bytes were found in storage; nothing is answered from storage
without a time limit; obstore is loaded only where a storage URL is given. May be imported by the recorder role,
the jobs and the gateway; imports nothing that records but the manifest's and the journal's formats.
"""
