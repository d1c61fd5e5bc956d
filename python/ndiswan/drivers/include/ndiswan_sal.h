/* Annotations of the source annotation language, in its old and its new spelling: all of them are nothing here. */
#ifndef NDISWAN_SAL_H
#define NDISWAN_SAL_H

#define IN
#define OUT
#define OPTIONAL
#define CRITICAL
#define __in
#define __out
#define __inout
#define __in_opt
#define __out_opt
#define __inout_opt
#define __deref_in
#define __deref_out
#define __deref_inout
#define __deref_opt_out
#define __deref_out_opt
#define __deref_opt_inout
#define __deref_inout_opt
#define __deref
#define __in_z
#define __in_z_opt
#define __out_z
#define __nullterminated
#define __reserved
#define __checkReturn
#define __success(condition)
#define __field_bcount(size)
#define __field_ecount(size)
#define __field_bcount_opt(size)
#define __field_ecount_opt(size)
#define __in_bcount(size)
#define __in_ecount(size)
#define __in_bcount_opt(size)
#define __in_ecount_opt(size)
#define __out_bcount(size)
#define __out_ecount(size)
#define __out_bcount_opt(size)
#define __out_ecount_opt(size)
#define __out_bcount_part(size, length)
#define __out_ecount_part(size, length)
#define __out_bcount_part_opt(size, length)
#define __out_ecount_part_opt(size, length)
#define __inout_bcount(size)
#define __inout_ecount(size)
#define __inout_bcount_opt(size)
#define __inout_ecount_opt(size)
#define __inout_bcount_part(size, length)
#define __inout_ecount_part(size, length)
#define __deref_out_bcount(size)
#define __deref_out_ecount(size)
#define __deref_out_bcount_opt(size)
#define __deref_opt_out_bcount(size)
#define __drv_aliasesMem
#define __drv_allocatesMem(kind)
#define __drv_freesMem(kind)
#define __drv_at(what, annotation)
#define __drv_in(annotation)
#define __drv_out(annotation)
#define __drv_when(condition, annotation)
#define __drv_requiresIRQL(level)
#define __drv_maxIRQL(level)
#define __drv_minIRQL(level)
#define __drv_sameIRQL
#define __drv_raisesIRQL(level)
#define __drv_setsIRQL(level)
#define __drv_savesIRQL
#define __drv_restoresIRQL
#define __drv_mustHold(what)
#define __drv_neverHold(what)
#define __drv_acquiresResource(what)
#define __drv_releasesResource(what)
#define __drv_mustHoldCriticalRegion
#define __drv_functionClass(name)
#define __drv_dispatchType(number)
#define __drv_strictTypeMatch(mode)
#define __drv_arg(argument, annotation)
#define __drv_preferredFunction(name, reason)

#define _In_
#define _Out_
#define _Inout_
#define _In_opt_
#define _Out_opt_
#define _Inout_opt_
#define _In_z_
#define _In_opt_z_
#define _Inout_z_
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Deref_out_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Reserved_
#define _Const_
#define _Null_terminated_
#define _Must_inspect_result_
#define _Check_return_
#define _Success_(condition)
#define _When_(condition, annotation)
#define _At_(what, annotation)
#define _Analysis_assume_(condition)
#define _In_reads_(size)
#define _In_reads_bytes_(size)
#define _In_reads_opt_(size)
#define _In_reads_bytes_opt_(size)
#define _Out_writes_(size)
#define _Out_writes_bytes_(size)
#define _Out_writes_opt_(size)
#define _Out_writes_bytes_opt_(size)
#define _Out_writes_to_(size, length)
#define _Out_writes_bytes_to_(size, length)
#define _Out_writes_bytes_all_(size)
#define _Inout_updates_(size)
#define _Inout_updates_bytes_(size)
#define _Field_size_(size)
#define _Field_size_bytes_(size)
#define _Field_size_opt_(size)
#define _Field_size_bytes_opt_(size)
#define _IRQL_requires_(level)
#define _IRQL_requires_max_(level)
#define _IRQL_requires_min_(level)
#define _IRQL_requires_same_
#define _IRQL_raises_(level)
#define _IRQL_saves_
#define _IRQL_restores_
#define _Requires_lock_held_(what)
#define _Requires_lock_not_held_(what)
#define _Acquires_lock_(what)
#define _Releases_lock_(what)
#define _Function_class_(name)
#define _Dispatch_type_(number)
#define _Use_decl_annotations_
#define _Printf_format_string_
#define _Interlocked_operand_

#endif
