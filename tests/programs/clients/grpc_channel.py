import sys

import grpc

channel = grpc.insecure_channel(":".join(sys.argv[1:]))
try:
    print(channel.unary_unary("/service/method")(b"ping", timeout=5))
except grpc.RpcError as error:
    print(error.code(), "refused" if "refused" in error.details() else error.details())
