/* What ntddk.h and wdm.h have in common: a miniport includes either. */
#ifndef NDISWAN_WDM_H
#define NDISWAN_WDM_H

#include "excpt.h"
#include "ntdef.h"
#include "ntstatus.h"
#include "wdm_kernel.h"
#include "wdm_lists.h"
#include "wdm_resources.h"
#include "wdm_power.h"
#include "wdm_requests.h"
#include "wdm_numbers.h"
#include "wdm_io.h"
#include "wdm_declared.h"
#include "wdm_functions.h"
#include "wdm_bits.h"
#include "wdm_ports.h"
#include "wdm_system.h"
#include "wdm_queues.h"
#include "wdm_sharing.h"

#endif
