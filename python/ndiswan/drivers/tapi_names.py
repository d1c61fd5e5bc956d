"""TAPI's numbers: requests, events, and the states of a call.

The values are those of the public headers ntddndis.h and ndistapi.h (mingw-w64's, in the public domain).
"""

from __future__ import annotations

from enum import IntEnum

#: NDIS_STATUS_TAPI_INDICATION: the status under which a driver indicates an NDIS_TAPI_EVENT.
TAPI_INDICATION = 0x4001_0080
#: NDIS_STATUS_WAN_LINE_UP: `CMiniport.events` has each with its NDIS_MAC_LINE_UP, as it was filled in.
WAN_LINE_UP = 0x4001_0008

LINEBEARERMODE_DATA = 0x08
LINEMEDIAMODE_DIGITALDATA = 0x100
LINECALLSELECT_CALL = 0x04


class TapiOid(IntEnum):
    """OID_TAPI_*: the requests of a TAPI provider.

    >>> from ndiswan.drivers.tapi import TapiOid
    >>> hex(TapiOid.MAKE_CALL)
    '0x7030115'
    """

    ACCEPT = 0x0703_0101
    ANSWER = 0x0703_0102
    CLOSE = 0x0703_0103
    CLOSE_CALL = 0x0703_0104
    CONDITIONAL_MEDIA_DETECTION = 0x0703_0105
    CONFIG_DIALOG = 0x0703_0106
    DEV_SPECIFIC = 0x0703_0107
    DIAL = 0x0703_0108
    DROP = 0x0703_0109
    GET_ADDRESS_CAPS = 0x0703_010A
    GET_ADDRESS_ID = 0x0703_010B
    GET_ADDRESS_STATUS = 0x0703_010C
    GET_CALL_ADDRESS_ID = 0x0703_010D
    GET_CALL_INFO = 0x0703_010E
    GET_CALL_STATUS = 0x0703_010F
    GET_DEV_CAPS = 0x0703_0110
    GET_DEV_CONFIG = 0x0703_0111
    GET_EXTENSION_ID = 0x0703_0112
    GET_ID = 0x0703_0113
    GET_LINE_DEV_STATUS = 0x0703_0114
    MAKE_CALL = 0x0703_0115
    NEGOTIATE_EXT_VERSION = 0x0703_0116
    OPEN = 0x0703_0117
    PROVIDER_INITIALIZE = 0x0703_0118
    PROVIDER_SHUTDOWN = 0x0703_0119
    SECURE_CALL = 0x0703_011A
    SELECT_EXT_VERSION = 0x0703_011B
    SEND_USER_USER_INFO = 0x0703_011C
    SET_APP_SPECIFIC = 0x0703_011D
    SET_CALL_PARAMS = 0x0703_011E
    SET_DEFAULT_MEDIA_DETECTION = 0x0703_011F
    SET_DEV_CONFIG = 0x0703_0120
    SET_MEDIA_MODE = 0x0703_0121
    SET_STATUS_MESSAGES = 0x0703_0122
    GATHER_DIGITS = 0x0703_0123
    MONITOR_DIGITS = 0x0703_0124


#: Requests that go to MiniportQueryInformation, since they answer something; all others are sets.
QUERIES = frozenset(
    oid
    for oid in TapiOid
    if oid.name.startswith(("GET_", "NEGOTIATE_", "CONFIG_", "DEV_"))
    or oid.name
    in {
        "MAKE_CALL",
        "OPEN",
        "PROVIDER_INITIALIZE",
    }
)


class TapiMessage(IntEnum):
    """NDIS_TAPI_EVENT.ulMsg: what an event says.

    >>> from ndiswan.drivers.tapi import TapiMessage
    >>> TapiMessage.NEWCALL.name
    'NEWCALL'
    """

    ADDRESSSTATE = 0
    CALLINFO = 1
    CALLSTATE = 2
    CLOSE = 3
    DEVSPECIFIC = 4
    DEVSPECIFICFEATURE = 5
    GATHERDIGITS = 6
    GENERATE = 7
    LINEDEVSTATE = 8
    MONITORDIGITS = 9
    MONITORMEDIA = 10
    MONITORTONE = 11
    REPLY = 12
    REQUEST = 13
    CREATE = 19
    NEWCALL = 500
    CALLDEVSPECIFIC = 501


class CallState(IntEnum):
    """LINECALLSTATE_*: where a call is. ``NONE`` is ours: no event came of it yet.

    >>> from ndiswan.drivers.tapi import CallState
    >>> CallState.CONNECTED.name
    'CONNECTED'
    """

    NONE = 0
    IDLE = 0x1
    OFFERING = 0x2
    ACCEPTED = 0x4
    DIALTONE = 0x8
    DIALING = 0x10
    RINGBACK = 0x20
    BUSY = 0x40
    SPECIALINFO = 0x80
    CONNECTED = 0x100
    PROCEEDING = 0x200
    ONHOLD = 0x400
    CONFERENCED = 0x800
    ONHOLDPENDCONF = 0x1000
    ONHOLDPENDTRANSFER = 0x2000
    DISCONNECTED = 0x4000
    UNKNOWN = 0x8000


class DisconnectMode(IntEnum):
    """LINEDISCONNECTMODE_*: why a call was disconnected.

    >>> from ndiswan.drivers.tapi_names import DisconnectMode
    >>> DisconnectMode(0x1).name
    'NORMAL'
    """

    NORMAL = 0x1
    UNKNOWN = 0x2
    REJECT = 0x4
    PICKUP = 0x8
    FORWARDED = 0x10
    BUSY = 0x20
    NOANSWER = 0x40
    BADADDRESS = 0x80
    UNREACHABLE = 0x100
    CONGESTION = 0x200
    INCOMPATIBLE = 0x400
    UNAVAIL = 0x800
    NODIALTONE = 0x1000


#: States after which a call comes to nothing more.
ENDED = frozenset({CallState.IDLE, CallState.DISCONNECTED})
