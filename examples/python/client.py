"""Signs up, signs in and says who is signed in, with what buf generated from the contract.

client.py 127.0.0.1:50051
"""

import sys
import uuid

import grpc
from fairlead.accounts.v1 import accounts_pb2, accounts_pb2_grpc
from fairlead.sessions.v1 import sessions_pb2, sessions_pb2_grpc
from google.rpc import error_details_pb2, status_pb2

PASSWORD = "a long walk along the quay"


def reason(error: grpc.RpcError) -> str:
    """The stable reason of an error: what a program decides by."""
    trailers = dict(error.trailing_metadata())
    status = status_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    info = error_details_pb2.ErrorInfo()
    next(detail for detail in status.details if detail.Unpack(info))
    return info.reason


def main(address: str) -> None:
    with grpc.insecure_channel(address) as channel:
        accounts = accounts_pb2_grpc.AccountsServiceStub(channel)
        sessions = sessions_pb2_grpc.SessionsServiceStub(channel)
        email = f"{uuid.uuid4()}@example.com"

        # With a request id it may be sent again when no answer came.
        new = accounts_pb2.CreateAccountRequest(
            account={"email": email}, password=PASSWORD, request_id=str(uuid.uuid4())
        )
        account = accounts.CreateAccount(new, timeout=5).account
        print("signed up:", account.account_id)

        try:
            wrong = sessions_pb2.CreateSessionRequest(email=email, password="not the password")
            sessions.CreateSession(wrong, timeout=5)
        except grpc.RpcError as error:
            print("refused:", error.code().name, reason(error))

        right = sessions_pb2.CreateSessionRequest(email=email, password=PASSWORD)
        token = sessions.CreateSession(right, timeout=5).tokens.session_token
        own = accounts_pb2.GetAccountRequest(account_id=account.account_id)
        found = accounts.GetAccount(own, timeout=5, metadata=[("authorization", f"Bearer {token}")])
        print("signed in:", found.account.email)


if __name__ == "__main__":
    main(sys.argv[1])
