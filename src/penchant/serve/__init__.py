"""The HTTP service and its page: clicks in, recommendations out, interests in sight (extra `serve`).

config       settings of the service: a TOML file, `PENCHANT_*` variables, all checked at start
app          the one place where the service is put together
routes       the questions, one function a route; `changes` has those that change something
bodies       what goes in and comes out
edge         what happens around every request: tokens, rates, timeouts, one log line, metrics
problems     errors as problem details (RFC 9457)
sharing      how requests share one engine: clicks of many in one batch, questions side by side
metrics      what Prometheus scrapes
overview     what all readers care about: a map of interests, the readers of a document
experiment   which variant a user gets, and the log of who was shown what
page/        the page: HTML, CSS and modules of JavaScript, served as they are
"""
