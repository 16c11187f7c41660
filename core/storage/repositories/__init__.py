"""One small class a subject, over one session. They read and write; the session's owner commits."""
