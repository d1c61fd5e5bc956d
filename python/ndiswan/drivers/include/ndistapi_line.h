/* What is told of lines, addresses and calls. Fields of TAPI 2.0 and later are there when the version asks for them; the two of 1.4,
 * ulAddressFeatures and ulLineFeatures, always, since drivers of 1.3 set them. */
#ifndef NDISWAN_NDISTAPI_LINE_H
#define NDISWAN_NDISTAPI_LINE_H

#include "ndis_types.h"

typedef struct _NDIS_VAR_DATA_DESC {
    USHORT Length, MaximumLength;
    ULONG_PTR Offset;
} NDIS_VAR_DATA_DESC, *PNDIS_VAR_DATA_DESC;
typedef struct _LINE_DIAL_PARAMS {
    ULONG ulDialPause, ulDialSpeed, ulDigitDuration, ulWaitForDialtone;
} LINE_DIAL_PARAMS, *PLINE_DIAL_PARAMS;
typedef struct _LINE_ADDRESS_CAPS {
    ULONG ulTotalSize, ulNeededSize, ulUsedSize, ulLineDeviceID, ulAddressSize, ulAddressOffset, ulDevSpecificSize,
        ulDevSpecificOffset, ulAddressSharing, ulAddressStates, ulCallInfoStates, ulCallerIDFlags, ulCalledIDFlags,
        ulConnectedIDFlags, ulRedirectionIDFlags, ulRedirectingIDFlags, ulCallStates, ulDialToneModes, ulBusyModes,
        ulSpecialInfo, ulDisconnectModes, ulMaxNumActiveCalls, ulMaxNumOnHoldCalls, ulMaxNumOnHoldPendingCalls,
        ulMaxNumConference, ulMaxNumTransConf, ulAddrCapFlags, ulCallFeatures, ulRemoveFromConfCaps, ulRemoveFromConfState,
        ulTransferModes, ulParkModes, ulForwardModes, ulMaxForwardEntries, ulMaxSpecificEntries, ulMinFwdNumRings,
        ulMaxFwdNumRings, ulMaxCallCompletions, ulCallCompletionConds, ulCallCompletionModes, ulNumCompletionMessages,
        ulCompletionMsgTextEntrySize, ulCompletionMsgTextSize, ulCompletionMsgTextOffset;
    ULONG ulAddressFeatures;
#if NDIS_TAPI_CURRENT_VERSION >= 0x00020000
    ULONG ulPredictiveAutoTransferStates, ulNumCallTreatments, ulCallTreatmentListSize, ulCallTreatmentListOffset,
        ulDeviceClassesSize, ulDeviceClassesOffset, ulMaxCallDataSize, ulCallFeatures2, ulMaxNoAnswerTimeout,
        ulConnectedModes, ulOfferingModes, ulAvailableMediaModes;
#endif
} LINE_ADDRESS_CAPS, *PLINE_ADDRESS_CAPS;
typedef struct _LINE_ADDRESS_STATUS {
    ULONG ulTotalSize, ulNeededSize, ulUsedSize, ulNumInUse, ulNumActiveCalls, ulNumOnHoldCalls, ulNumOnHoldPendCalls,
        ulAddressFeatures, ulNumRingsNoAnswer, ulForwardNumEntries, ulForwardSize, ulForwardOffset, ulTerminalModesSize,
        ulTerminalModesOffset, ulDevSpecificSize, ulDevSpecificOffset;
} LINE_ADDRESS_STATUS, *PLINE_ADDRESS_STATUS;
typedef struct _LINE_CALL_INFO {
    ULONG ulTotalSize, ulNeededSize, ulUsedSize, hLine, ulLineDeviceID, ulAddressID, ulBearerMode, ulRate, ulMediaMode,
        ulAppSpecific, ulCallID, ulRelatedCallID, ulCallParamFlags, ulCallStates, ulMonitorDigitModes, ulMonitorMediaModes;
    LINE_DIAL_PARAMS DialParams;
    ULONG ulOrigin, ulReason, ulCompletionID, ulNumOwners, ulNumMonitors, ulCountryCode, ulTrunk, ulCallerIDFlags,
        ulCallerIDSize, ulCallerIDOffset, ulCallerIDNameSize, ulCallerIDNameOffset, ulCalledIDFlags, ulCalledIDSize,
        ulCalledIDOffset, ulCalledIDNameSize, ulCalledIDNameOffset, ulConnectedIDFlags, ulConnectedIDSize,
        ulConnectedIDOffset, ulConnectedIDNameSize, ulConnectedIDNameOffset, ulRedirectionIDFlags, ulRedirectionIDSize,
        ulRedirectionIDOffset, ulRedirectionIDNameSize, ulRedirectionIDNameOffset, ulRedirectingIDFlags, ulRedirectingIDSize,
        ulRedirectingIDOffset, ulRedirectingIDNameSize, ulRedirectingIDNameOffset, ulAppNameSize, ulAppNameOffset,
        ulDisplayableAddressSize, ulDisplayableAddressOffset, ulCalledPartySize, ulCalledPartyOffset, ulCommentSize,
        ulCommentOffset, ulDisplaySize, ulDisplayOffset, ulUserUserInfoSize, ulUserUserInfoOffset, ulHighLevelCompSize,
        ulHighLevelCompOffset, ulLowLevelCompSize, ulLowLevelCompOffset, ulChargingInfoSize, ulChargingInfoOffset,
        ulTerminalModesSize, ulTerminalModesOffset, ulDevSpecificSize, ulDevSpecificOffset;
#if NDIS_TAPI_CURRENT_VERSION >= 0x00020000
    ULONG ulCallTreatment, ulCallDataSize, ulCallDataOffset, ulSendingFlowspecSize, ulSendingFlowspecOffset,
        ulReceivingFlowspecSize, ulReceivingFlowspecOffset;
#endif
#if NDIS_TAPI_CURRENT_VERSION >= 0x00030000
    ULONG ulCallerIDAddressType, ulCalledIDAddressType, ulConnectedIDAddressType, ulRedirectionIDAddressType,
        ulRedirectingIDAddressType;
#endif
} LINE_CALL_INFO, *PLINE_CALL_INFO;
typedef struct _LINE_CALL_PARAMS {
    ULONG ulTotalSize, ulBearerMode, ulMinRate, ulMaxRate, ulMediaMode, ulCallParamFlags, ulAddressMode, ulAddressID;
    LINE_DIAL_PARAMS DialParams;
    ULONG ulOrigAddressSize, ulOrigAddressOffset, ulDisplayableAddressSize, ulDisplayableAddressOffset, ulCalledPartySize,
        ulCalledPartyOffset, ulCommentSize, ulCommentOffset, ulUserUserInfoSize, ulUserUserInfoOffset, ulHighLevelCompSize,
        ulHighLevelCompOffset, ulLowLevelCompSize, ulLowLevelCompOffset, ulDevSpecificSize, ulDevSpecificOffset;
#if NDIS_TAPI_CURRENT_VERSION >= 0x00020000
    ULONG ulPredictiveAutoTransferStates, ulTargetAddressSize, ulTargetAddressOffset, ulSendingFlowspecSize,
        ulSendingFlowspecOffset, ulReceivingFlowspecSize, ulReceivingFlowspecOffset, ulDeviceClassSize, ulDeviceClassOffset,
        ulDeviceConfigSize, ulDeviceConfigOffset, ulCallDataSize, ulCallDataOffset, ulNoAnswerTimeout, ulCallingPartyIDSize,
        ulCallingPartyIDOffset;
#endif
#if NDIS_TAPI_CURRENT_VERSION >= 0x00030000
    ULONG ulAddressType;
#endif
} LINE_CALL_PARAMS, *PLINE_CALL_PARAMS;
typedef struct _LINE_CALL_STATUS {
    ULONG ulTotalSize, ulNeededSize, ulUsedSize, ulCallState, ulCallStateMode, ulCallPrivilege, ulCallFeatures,
        ulDevSpecificSize, ulDevSpecificOffset;
} LINE_CALL_STATUS, *PLINE_CALL_STATUS;
typedef struct _LINE_DEV_CAPS {
    ULONG ulTotalSize, ulNeededSize, ulUsedSize, ulProviderInfoSize, ulProviderInfoOffset, ulSwitchInfoSize,
        ulSwitchInfoOffset, ulPermanentLineID, ulLineNameSize, ulLineNameOffset, ulStringFormat, ulAddressModes,
        ulNumAddresses, ulBearerModes, ulMaxRate, ulMediaModes, ulGenerateToneModes, ulGenerateToneMaxNumFreq,
        ulGenerateDigitModes, ulMonitorToneMaxNumFreq, ulMonitorToneMaxNumEntries, ulMonitorDigitModes,
        ulGatherDigitsMinTimeout, ulGatherDigitsMaxTimeout, ulMedCtlDigitMaxListSize, ulMedCtlMediaMaxListSize,
        ulMedCtlToneMaxListSize, ulMedCtlCallStateMaxListSize, ulDevCapFlags, ulMaxNumActiveCalls, ulAnswerMode, ulRingModes,
        ulLineStates, ulUUIAcceptSize, ulUUIAnswerSize, ulUUIMakeCallSize, ulUUIDropSize, ulUUISendUserUserInfoSize,
        ulUUICallInfoSize;
    LINE_DIAL_PARAMS MinDialParams, MaxDialParams, DefaultDialParams;
    ULONG ulNumTerminals, ulTerminalCapsSize, ulTerminalCapsOffset, ulTerminalTextEntrySize, ulTerminalTextSize,
        ulTerminalTextOffset, ulDevSpecificSize, ulDevSpecificOffset;
    ULONG ulLineFeatures;
#if NDIS_TAPI_CURRENT_VERSION >= 0x00020000
    ULONG ulSettableDevStatus, ulDeviceClassesSize, ulDeviceClassesOffset;
#endif
#if NDIS_TAPI_CURRENT_VERSION >= 0x00020002
    GUID PermanentLineGuid;
#endif
#if NDIS_TAPI_CURRENT_VERSION >= 0x00030000
    ULONG ulAddressTypes;
    GUID ProtocolGuid;
    ULONG ulAvailableTracking;
#endif
} LINE_DEV_CAPS, *PLINE_DEV_CAPS;
typedef struct _LINE_DEV_STATUS {
    ULONG ulTotalSize, ulNeededSize, ulUsedSize, ulNumOpens, ulOpenMediaModes, ulNumActiveCalls, ulNumOnHoldCalls,
        ulNumOnHoldPendCalls, ulLineFeatures, ulNumCallCompletions, ulRingMode, ulSignalLevel, ulBatteryLevel, ulRoamMode,
        ulDevStatusFlags, ulTerminalModesSize, ulTerminalModesOffset, ulDevSpecificSize, ulDevSpecificOffset;
} LINE_DEV_STATUS, *PLINE_DEV_STATUS;
typedef struct _LINE_EXTENSION_ID {
    ULONG ulExtensionID0, ulExtensionID1, ulExtensionID2, ulExtensionID3;
} LINE_EXTENSION_ID, *PLINE_EXTENSION_ID;
typedef struct _VAR_STRING {
    ULONG ulTotalSize, ulNeededSize, ulUsedSize, ulStringFormat, ulStringSize, ulStringOffset;
} VAR_STRING, *PVAR_STRING;

#endif
