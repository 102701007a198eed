from tests.services import _redis_server, postgres, redis_url

__all__ = ["_redis_server", "postgres", "redis_url"]
