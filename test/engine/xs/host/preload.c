/*
 * Makes of a machine what Moddable's linker makes of preloaded modules: everything they and XS itself made is shared by the
 * machines cloned from it and can no longer be written. Functions, prototypes, environments, typed arrays and their buffers are
 * read-only; other objects that nobody froze are copied by a clone at its first write (an alias).
 */
#include "xsAll.h"
#include "host.h"

static void freezeInstance(txSlot* instance)
{
	txSlot* property;
	for (property = instance->next; property; property = property->next) {
		if (property->kind != XS_ACCESSOR_KIND)
			property->flag |= XS_DONT_SET_FLAG;
		property->flag |= XS_DONT_DELETE_FLAG;
	}
	instance->flag |= XS_DONT_PATCH_FLAG;
}

static int isFunction(txSlot* internal)
{
	return internal->kind == XS_CALLBACK_KIND || internal->kind == XS_CALLBACK_X_KIND
		|| internal->kind == XS_CODE_KIND || internal->kind == XS_CODE_X_KIND;
}

static int cannotBeAliased(txSlot* internal)
{
	switch (internal->kind) {
	case XS_ARRAY_BUFFER_KIND:
	case XS_DATA_VIEW_KIND:
	case XS_TYPED_ARRAY_KIND:
	case XS_MAP_KIND:
	case XS_SET_KIND:
	case XS_WEAK_MAP_KIND:
	case XS_WEAK_SET_KIND:
	case XS_PROMISE_KIND:
	case XS_PROXY_KIND:
	case XS_REGEXP_KIND:
		return 1;
	}
	return internal->ID == XS_ENVIRONMENT_BEHAVIOR || isFunction(internal);
}

static void freezeConstructor(txMachine* the, txSlot* instance)
{
	txSlot* property;
	if (!(instance->flag & XS_CAN_CONSTRUCT_FLAG))
		return;
	for (property = instance->next; property; property = property->next)
		if (property->ID == mxID(_prototype) && property->kind == XS_REFERENCE_KIND)
			freezeInstance(property->value.reference);
}

/* A const that holds a function is never written. */
static void freezeClosure(txSlot* closure)
{
	if (closure->kind == XS_REFERENCE_KIND && closure->value.reference->next
		&& isFunction(closure->value.reference->next))
		closure->flag |= XS_DONT_SET_FLAG;
}

/* What lies in a chunk of this machine is no chunk to its clones, which would move it: it is firmware from here on. */
static void keepInFirmware(txSlot* slot)
{
	switch (slot->kind) {
	case XS_STRING_KIND: slot->kind = XS_STRING_X_KIND; break;
	case XS_KEY_KIND: slot->kind = XS_KEY_X_KIND; break;
	case XS_CODE_KIND: slot->kind = XS_CODE_X_KIND; break;
	case XS_BIGINT_KIND: slot->kind = XS_BIGINT_X_KIND; break;
	}
}

void preload(void* machine)
{
	txMachine* the = machine;
	txSlot* heap;
	txSlot* slot;
	fxCollectGarbage(the);
	for (heap = the->firstHeap; heap; heap = heap->next) {
		for (slot = heap + 1; slot < heap->value.reference; slot++) {
			txSlot* internal = slot->kind == XS_INSTANCE_KIND ? slot->next : C_NULL;
			if (slot->kind == XS_CLOSURE_KIND)
				freezeClosure(slot->value.closure);
			if (!internal || !(internal->flag & XS_INTERNAL_FLAG))
				continue;
			if (cannotBeAliased(internal))
				freezeInstance(slot);
			if (isFunction(internal))
				freezeConstructor(the, slot);
		}
	}
	fxShareMachine(the);
	for (heap = the->firstHeap; heap; heap = heap->next)
		for (slot = heap + 1; slot < heap->value.reference; slot++)
			keepInFirmware(slot);
	for (slot = the->stack; slot < the->stackTop; slot++)
		keepInFirmware(slot);
}
