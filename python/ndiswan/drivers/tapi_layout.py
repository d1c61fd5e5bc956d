"""TAPI's structures: what goes down in a request's buffer and what comes up in an event, as 64-bit drivers see them.

The members and their order are those of the public header ndistapi.h (mingw-w64's, in the public domain), version
1.3 of the interface with the two features of 1.4, which drivers of 1.3 set. ULONG is 4 bytes, HTAPI_* and HDRV_* are
pointers of 8, each aligned to its size, as the compiler does it. Where a driver brings an ndistapi.h of its own, of the
days when these were ULONG, they have 4.
"""

from __future__ import annotations

import ctypes

#: Members by structure: ``:h`` is a handle, ``:b`` a BOOLEAN, ``:NAME`` a structure of this table, the rest are ULONG.
_MEMBERS = {
    "LINE_DIAL_PARAMS": "ulDialPause ulDialSpeed ulDigitDuration ulWaitForDialtone",
    "VAR_STRING": "ulTotalSize ulNeededSize ulUsedSize ulStringFormat ulStringSize ulStringOffset",
    "LINE_CALL_PARAMS": """
        ulTotalSize ulBearerMode ulMinRate ulMaxRate ulMediaMode ulCallParamFlags ulAddressMode ulAddressID
        DialParams:LINE_DIAL_PARAMS ulOrigAddressSize ulOrigAddressOffset ulDisplayableAddressSize
        ulDisplayableAddressOffset ulCalledPartySize ulCalledPartyOffset ulCommentSize ulCommentOffset
        ulUserUserInfoSize ulUserUserInfoOffset ulHighLevelCompSize ulHighLevelCompOffset ulLowLevelCompSize
        ulLowLevelCompOffset ulDevSpecificSize ulDevSpecificOffset""",
    "LINE_DEV_CAPS": """
        ulTotalSize ulNeededSize ulUsedSize ulProviderInfoSize ulProviderInfoOffset ulSwitchInfoSize ulSwitchInfoOffset
        ulPermanentLineID ulLineNameSize ulLineNameOffset ulStringFormat ulAddressModes ulNumAddresses ulBearerModes
        ulMaxRate ulMediaModes ulGenerateToneModes ulGenerateToneMaxNumFreq ulGenerateDigitModes ulMonitorToneMaxNumFreq
        ulMonitorToneMaxNumEntries ulMonitorDigitModes ulGatherDigitsMinTimeout ulGatherDigitsMaxTimeout
        ulMedCtlDigitMaxListSize ulMedCtlMediaMaxListSize ulMedCtlToneMaxListSize ulMedCtlCallStateMaxListSize
        ulDevCapFlags ulMaxNumActiveCalls ulAnswerMode ulRingModes ulLineStates ulUUIAcceptSize ulUUIAnswerSize
        ulUUIMakeCallSize ulUUIDropSize ulUUISendUserUserInfoSize ulUUICallInfoSize MinDialParams:LINE_DIAL_PARAMS
        MaxDialParams:LINE_DIAL_PARAMS DefaultDialParams:LINE_DIAL_PARAMS ulNumTerminals ulTerminalCapsSize
        ulTerminalCapsOffset ulTerminalTextEntrySize ulTerminalTextSize ulTerminalTextOffset ulDevSpecificSize
        ulDevSpecificOffset ulLineFeatures""",
    "LINE_ADDRESS_CAPS": """
        ulTotalSize ulNeededSize ulUsedSize ulLineDeviceID ulAddressSize ulAddressOffset ulDevSpecificSize
        ulDevSpecificOffset ulAddressSharing ulAddressStates ulCallInfoStates ulCallerIDFlags ulCalledIDFlags
        ulConnectedIDFlags ulRedirectionIDFlags ulRedirectingIDFlags ulCallStates ulDialToneModes ulBusyModes
        ulSpecialInfo ulDisconnectModes ulMaxNumActiveCalls ulMaxNumOnHoldCalls ulMaxNumOnHoldPendingCalls
        ulMaxNumConference ulMaxNumTransConf ulAddrCapFlags ulCallFeatures ulRemoveFromConfCaps ulRemoveFromConfState
        ulTransferModes ulParkModes ulForwardModes ulMaxForwardEntries ulMaxSpecificEntries ulMinFwdNumRings
        ulMaxFwdNumRings ulMaxCallCompletions ulCallCompletionConds ulCallCompletionModes ulNumCompletionMessages
        ulCompletionMsgTextEntrySize ulCompletionMsgTextSize ulCompletionMsgTextOffset
        ulAddressFeatures""",
    "LINE_CALL_STATUS": """
        ulTotalSize ulNeededSize ulUsedSize ulCallState ulCallStateMode ulCallPrivilege ulCallFeatures ulDevSpecificSize
        ulDevSpecificOffset""",
    "LINE_CALL_INFO": """
        ulTotalSize ulNeededSize ulUsedSize hLine ulLineDeviceID ulAddressID ulBearerMode ulRate ulMediaMode
        ulAppSpecific ulCallID ulRelatedCallID ulCallParamFlags ulCallStates ulMonitorDigitModes ulMonitorMediaModes
        DialParams:LINE_DIAL_PARAMS ulOrigin ulReason ulCompletionID ulNumOwners ulNumMonitors ulCountryCode ulTrunk
        ulCallerIDFlags ulCallerIDSize ulCallerIDOffset ulCallerIDNameSize ulCallerIDNameOffset ulCalledIDFlags
        ulCalledIDSize ulCalledIDOffset ulCalledIDNameSize ulCalledIDNameOffset ulConnectedIDFlags ulConnectedIDSize
        ulConnectedIDOffset ulConnectedIDNameSize ulConnectedIDNameOffset ulRedirectionIDFlags ulRedirectionIDSize
        ulRedirectionIDOffset ulRedirectionIDNameSize ulRedirectionIDNameOffset ulRedirectingIDFlags
        ulRedirectingIDSize ulRedirectingIDOffset ulRedirectingIDNameSize ulRedirectingIDNameOffset ulAppNameSize
        ulAppNameOffset ulDisplayableAddressSize ulDisplayableAddressOffset ulCalledPartySize ulCalledPartyOffset
        ulCommentSize ulCommentOffset ulDisplaySize ulDisplayOffset ulUserUserInfoSize ulUserUserInfoOffset
        ulHighLevelCompSize ulHighLevelCompOffset ulLowLevelCompSize ulLowLevelCompOffset ulChargingInfoSize
        ulChargingInfoOffset ulTerminalModesSize ulTerminalModesOffset ulDevSpecificSize ulDevSpecificOffset""",
    "LINE_DEV_STATUS": """
        ulTotalSize ulNeededSize ulUsedSize ulNumOpens ulOpenMediaModes ulNumActiveCalls ulNumOnHoldCalls
        ulNumOnHoldPendCalls ulLineFeatures ulNumCallCompletions ulRingMode ulSignalLevel ulBatteryLevel ulRoamMode
        ulDevStatusFlags ulTerminalModesSize ulTerminalModesOffset ulDevSpecificSize ulDevSpecificOffset""",
    "LINE_ADDRESS_STATUS": """
        ulTotalSize ulNeededSize ulUsedSize ulNumInUse ulNumActiveCalls ulNumOnHoldCalls ulNumOnHoldPendCalls
        ulAddressFeatures ulNumRingsNoAnswer ulForwardNumEntries ulForwardSize ulForwardOffset ulTerminalModesSize
        ulTerminalModesOffset ulDevSpecificSize ulDevSpecificOffset""",
    "LINE_EXTENSION_ID": "ulExtensionID0 ulExtensionID1 ulExtensionID2 ulExtensionID3",
    "NDIS_TAPI_PROVIDER_INITIALIZE": "ulRequestID ulDeviceIDBase ulNumLineDevs ulProviderID",
    "NDIS_TAPI_PROVIDER_SHUTDOWN": "ulRequestID",
    "NDIS_TAPI_GET_DEV_CAPS": "ulRequestID ulDeviceID ulExtVersion LineDevCaps:LINE_DEV_CAPS",
    "NDIS_TAPI_GET_ADDRESS_CAPS": "ulRequestID ulDeviceID ulAddressID ulExtVersion LineAddressCaps:LINE_ADDRESS_CAPS",
    "NDIS_TAPI_NEGOTIATE_EXT_VERSION": "ulRequestID ulDeviceID ulLowVersion ulHighVersion ulExtVersion",
    "NDIS_TAPI_GET_EXTENSION_ID": "ulRequestID ulDeviceID LineExtensionID:LINE_EXTENSION_ID",
    "NDIS_TAPI_SET_DEFAULT_MEDIA_DETECTION": "ulRequestID hdLine:h ulMediaModes",
    "NDIS_TAPI_SET_STATUS_MESSAGES": "ulRequestID hdLine:h ulLineStates ulAddressStates",
    "NDIS_TAPI_OPEN": "ulRequestID ulDeviceID htLine:h hdLine:h",
    "NDIS_TAPI_CLOSE": "ulRequestID hdLine:h",
    "NDIS_TAPI_MAKE_CALL": """
        ulRequestID hdLine:h htCall:h hdCall:h ulDestAddressSize ulDestAddressOffset bUseDefaultLineCallParams:b
        LineCallParams:LINE_CALL_PARAMS""",
    "NDIS_TAPI_ANSWER": "ulRequestID hdCall:h ulUserUserInfoSize UserUserInfo:b",
    "NDIS_TAPI_ACCEPT": "ulRequestID hdCall:h ulUserUserInfoSize UserUserInfo:b",
    "NDIS_TAPI_DROP": "ulRequestID hdCall:h ulUserUserInfoSize UserUserInfo:b",
    "NDIS_TAPI_CLOSE_CALL": "ulRequestID hdCall:h",
    "NDIS_TAPI_GET_CALL_STATUS": "ulRequestID hdCall:h LineCallStatus:LINE_CALL_STATUS",
    "NDIS_TAPI_GET_CALL_INFO": "ulRequestID hdCall:h LineCallInfo:LINE_CALL_INFO",
    "NDIS_TAPI_GET_CALL_ADDRESS_ID": "ulRequestID hdCall:h ulAddressID",
    "NDIS_TAPI_GET_ADDRESS_STATUS": "ulRequestID hdLine:h ulAddressID LineAddressStatus:LINE_ADDRESS_STATUS",
    "NDIS_TAPI_GET_LINE_DEV_STATUS": "ulRequestID hdLine:h LineDevStatus:LINE_DEV_STATUS",
    "NDIS_TAPI_GET_DEV_CONFIG": "ulRequestID ulDeviceID ulDeviceClassSize ulDeviceClassOffset DeviceConfig:VAR_STRING",
    "NDIS_TAPI_SELECT_EXT_VERSION": "ulRequestID hdLine:h ulExtVersion",
    "NDIS_TAPI_SET_APP_SPECIFIC": "ulRequestID hdCall:h ulAppSpecific",
    "NDIS_TAPI_SET_CALL_PARAMS": """
        ulRequestID hdCall:h ulBearerMode ulMinRate ulMaxRate bSetLineDialParams:b LineDialParams:LINE_DIAL_PARAMS""",
    "NDIS_TAPI_SET_MEDIA_MODE": "ulRequestID hdCall:h ulMediaMode",
    "NDIS_TAPI_SECURE_CALL": "ulRequestID hdCall:h",
    "NDIS_TAPI_SEND_USER_USER_INFO": "ulRequestID hdCall:h ulUserUserInfoSize UserUserInfo:b",
    "NDIS_TAPI_GET_ID": """
        ulRequestID hdLine:h ulAddressID hdCall:h ulSelect ulDeviceClassSize ulDeviceClassOffset DeviceID:VAR_STRING""",
    "NDIS_TAPI_CONDITIONAL_MEDIA_DETECTION": "ulRequestID hdLine:h ulMediaModes LineCallParams:LINE_CALL_PARAMS",
    "NDIS_TAPI_CONFIG_DIALOG": """
        ulRequestID ulDeviceID ulDeviceClassSize ulDeviceClassOffset ulLibraryNameTotalSize ulLibraryNameNeededSize
        szLibraryName:b""",
    "NDIS_TAPI_DEV_SPECIFIC": "ulRequestID hdLine:h ulAddressID hdCall:h ulParamsSize Params:b",
    "NDIS_TAPI_DIAL": "ulRequestID hdCall:h ulDestAddressSize szDestAddress:b",
    "NDIS_TAPI_GET_ADDRESS_ID": "ulRequestID hdLine:h ulAddressID ulAddressMode ulAddressSize szAddress:b",
    "NDIS_TAPI_SET_DEV_CONFIG": """
        ulRequestID ulDeviceID ulDeviceClassSize ulDeviceClassOffset ulDeviceConfigSize DeviceConfig:b""",
    # The parameters are ULONG_PTR in the driver kit and ULONG in mingw's header: the size tells which a driver has.
    "NDIS_TAPI_EVENT": "htLine:h htCall:h ulMsg ulParam1:h ulParam2:h ulParam3:h",
    "NDIS_TAPI_EVENT_SHORT": "htLine:h htCall:h ulMsg ulParam1 ulParam2 ulParam3",
    # ndiswan.h's: LinkSpeed, Quality, SendWindow, three handles.
    "NDIS_MAC_LINE_UP": "LinkSpeed Quality SendWindow ConnectionWrapperID:h NdisLinkHandle:h NdisLinkContext:h",
}


class Layout:
    """The structures where a handle has so many bytes."""

    def __init__(self, handle: type[ctypes._SimpleCData[int]]) -> None:
        kinds = {"": ctypes.c_uint32, "h": handle, "b": ctypes.c_uint8}
        #: Each structure by its name.
        self.structures: dict[str, type[ctypes.Structure]] = {}
        for name, members in _MEMBERS.items():
            fields = []
            for member in members.split():
                own, _, kind = member.partition(":")
                fields.append((own, self.structures.get(kind) or kinds[kind]))
            about = {"_fields_": fields, "__doc__": f"{name} of ndistapi.h."}
            self.structures[name] = type(name, (ctypes.Structure,), about)

    def _structure(self, name: str) -> type[ctypes.Structure]:
        if name not in self.structures:
            known = ", ".join(
                sorted(known for known in self.structures if known.startswith("NDIS_TAPI_"))
            )
            raise ValueError(
                f"structure: expected one of ndistapi.h, got {name!r}; there are {known}"
            )
        return self.structures[name]

    def packed(
        self, name: str, values: dict[str, int | dict[str, int]], behind: bytes = b""
    ) -> bytes:
        """A structure with these values, the rest 0, and ``behind`` after its end.

        Raises
        ------
        ValueError
            There is no such structure, or it has no such member.
        """
        made = self._structure(name)()
        _fill(made, values)
        return bytes(made) + behind

    def unpacked(self, name: str, data: bytes) -> dict[str, object]:
        """The members of a structure, nested ones as dicts.

        Raises
        ------
        ValueError
            There are fewer bytes than it has, or there is no such structure.
        """
        kind = self._structure(name)
        if len(data) < ctypes.sizeof(kind):
            raise ValueError(
                f"{name}: expected at least {ctypes.sizeof(kind)} bytes, got {len(data)}"
            )
        return _members(kind.from_buffer_copy(data))

    def size_of(self, name: str) -> int:
        """How many bytes a structure has."""
        return ctypes.sizeof(self.structures[name])

    def offset_of(self, name: str, member: str) -> int:
        """Where a member begins."""
        return int(getattr(self.structures[name], member).offset)


def _fill(made: ctypes.Structure, values: dict[str, int | dict[str, int]]) -> None:
    members = [member for member, *_ in made._fields_]
    for member, value in values.items():
        if member not in members:
            name = type(made).__name__
            raise ValueError(f"{name}: expected one of {', '.join(members)}, got {member!r}")
        if isinstance(value, dict):
            _fill(getattr(made, member), {**value})
        else:
            setattr(made, member, value)


def _members(made: ctypes.Structure) -> dict[str, object]:
    members: dict[str, object] = {}
    for own, *_ in made._fields_:
        value = getattr(made, own)
        members[own] = _members(value) if isinstance(value, ctypes.Structure) else value
    return members


#: As the headers of this package have them.
WIDE = Layout(ctypes.c_uint64)
#: As a driver's own ndistapi.h of 1996 has them.
NARROW = Layout(ctypes.c_uint32)
STRUCTURES = WIDE.structures
packed, unpacked, size_of, offset_of = WIDE.packed, WIDE.unpacked, WIDE.size_of, WIDE.offset_of
