/* Doubly and singly linked lists. Functions, so that an argument with a side effect is evaluated once. */
#ifndef NDISWAN_WDM_LISTS_H
#define NDISWAN_WDM_LISTS_H

#include "ntdef.h"

#define NDISWAN_LIST static __inline__ __attribute__((unused))

NDISWAN_LIST void InitializeListHead(PLIST_ENTRY head)
{
    head->Flink = head->Blink = head;
}

NDISWAN_LIST BOOLEAN IsListEmpty(const LIST_ENTRY *head)
{
    return (BOOLEAN)(head->Flink == head);
}

NDISWAN_LIST BOOLEAN RemoveEntryList(PLIST_ENTRY entry)
{
    PLIST_ENTRY after = entry->Flink, before = entry->Blink;

    before->Flink = after;
    after->Blink = before;
    return (BOOLEAN)(after == before);
}

NDISWAN_LIST PLIST_ENTRY RemoveHeadList(PLIST_ENTRY head)
{
    PLIST_ENTRY entry = head->Flink;

    RemoveEntryList(entry);
    return entry;
}

NDISWAN_LIST PLIST_ENTRY RemoveTailList(PLIST_ENTRY head)
{
    PLIST_ENTRY entry = head->Blink;

    RemoveEntryList(entry);
    return entry;
}

NDISWAN_LIST void ndiswan_insert_list(PLIST_ENTRY before, PLIST_ENTRY entry, PLIST_ENTRY after)
{
    entry->Flink = after;
    entry->Blink = before;
    before->Flink = entry;
    after->Blink = entry;
}

NDISWAN_LIST void InsertTailList(PLIST_ENTRY head, PLIST_ENTRY entry)
{
    ndiswan_insert_list(head->Blink, entry, head);
}

NDISWAN_LIST void InsertHeadList(PLIST_ENTRY head, PLIST_ENTRY entry)
{
    ndiswan_insert_list(head, entry, head->Flink);
}

NDISWAN_LIST void AppendTailList(PLIST_ENTRY head, PLIST_ENTRY more)
{
    PLIST_ENTRY last = head->Blink;

    last->Flink = more;
    head->Blink = more->Blink;
    more->Blink->Flink = head;
    more->Blink = last;
}

NDISWAN_LIST PSINGLE_LIST_ENTRY PopEntryList(PSINGLE_LIST_ENTRY head)
{
    PSINGLE_LIST_ENTRY first = head->Next;

    if (first != NULL)
        head->Next = first->Next;
    return first;
}

NDISWAN_LIST void PushEntryList(PSINGLE_LIST_ENTRY head, PSINGLE_LIST_ENTRY entry)
{
    entry->Next = head->Next;
    head->Next = entry;
}

#endif
