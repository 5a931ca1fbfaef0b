"""Kubernetes objects, applied server-side: diff, apply, prune, wait, delete.

Objects that belong together form an ApplySet (KEP-3659): what leaves the set is deleted on the next run.
Works with any manifests and any cluster; nothing in it knows what they are for. What only reads is in
kube_objects_read.py, under the same name.
"""

from salt.utils import secret

from cp_ingress_core.kube import applyset as sets
from cp_ingress_core.kube import (
    arguments,
    connections,
    engine,
    fragment,
    narrow,
    remove,
    watching,
)

__virtualname__ = "kube_objects"


def __virtual__():
    return __virtualname__


def apply(  # noqa: PLR0913, PLR0917  every choice is a keyword in SLS files and on the command line
    objects,
    applyset=None,
    applyset_namespace="cp-ingress",
    prune=True,
    prune_when="applied",
    wait=True,
    timeout=300,
    adopt="unowned",
    force_conflicts=False,
    takeover=None,
    recreate=False,
    verify="changed",
    prune_kinds=None,
    kubeconfig=None,
    context=None,
    test=False,
):
    """
    Apply objects in the right order, delete those that left their ApplySet, and wait until all are ready.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.apply /srv/manifests/app.yaml applyset=app applyset_namespace=default test=True

    objects
        A list of manifests, one manifest, or the path of a YAML file with one or several.

    applyset
        Name of the set the objects belong to. Without one nothing is ever pruned.

    applyset_namespace : cp-ingress
        Namespace of the set's parent, a Secret of that name. It may be among the objects.

    prune : True
        Delete members of the set that are not among the objects, after every object was applied.

    prune_when : applied
        ``applied`` deletes before waiting for readiness, ``ready`` after it.

    wait, timeout
        Wait until every object is ready, and until what was deleted is gone, each for 300 s at most.

    adopt : unowned
        What to do with an object that exists and is not in the set: ``never`` take it, take it when
        ``unowned`` (by another set, a Helm release or a controller), or take ``all``.

    force_conflicts : False
        Overwrite fields that other managers own instead of failing.

    takeover
        Field managers, besides kubectl's and Helm's, whose fields become ours: a list of names.

    recreate : False
        Delete and make anew an object when a field cannot change: True, or a list of kinds. Never done to
        CustomResourceDefinitions, Namespaces and volumes.

    verify : changed
        ``changed`` sends only what is not provably unchanged, ``full`` sends everything.

    prune_kinds
        Kinds whose deletion takes other objects or data along and that may be pruned nevertheless:
        CustomResourceDefinition, Namespace, PersistentVolume, PersistentVolumeClaim.

    kubeconfig, context
        A path, and a context other than its current one. Default: pillar ``cp_ingress:kubeconfig``, then
        ``/etc/kubernetes/admin.conf``, or the pod's own service account.

    test : False
        Ask the API server what would change, and write nothing.

    Returns a dictionary: ``changes`` (object -> ``action``: created, changed, adopted, recreated, deleted or
    detached, and ``diff``: path -> ``old`` and ``new``), ``unchanged`` (a number), ``kept`` (object -> why it
    was not deleted), ``warnings`` and ``comment``. Values of Secrets are never shown.

    Raises CommandExecutionError; its ``info`` has ``reason``, ``status``, ``object`` and, in ``changes``,
    what had been done by then.

    RBAC: get, list, patch, create on the objects' kinds; delete where something is pruned; get, patch, create
    on Secrets in ``applyset_namespace``; list on Pods, ReplicaSets and Events where a wait fails; update
    makes ``test`` exact for objects that other tools made. ``docs/permissions.md`` shows roles for it.
    """
    options = arguments.options(
        test=test,
        prune=prune,
        prune_when=prune_when,
        wait=wait,
        timeout=timeout,
        adopt=adopt,
        force_conflicts=force_conflicts,
        takeover=takeover,
        recreate=recreate,
        verify=verify,
        prune_kinds=prune_kinds,
    )
    cluster = _cluster(kubeconfig, context)
    return engine.apply(cluster, _objects(objects), _parent(applyset, applyset_namespace), options)


def diff(objects, **options):
    """
    Return what :py:func:`kube_objects.apply` would do; nothing is written.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.diff /srv/manifests/app.yaml applyset=app applyset_namespace=default

    objects, options
        As for ``kube_objects.apply``.

    Returns and raises the same.

    RBAC: as ``kube_objects.apply``: a dry run needs the permissions of the real one.
    """
    options = {key: value for key, value in options.items() if not key.startswith("__")}
    return apply(objects, **{**options, "test": True})


def absent(
    objects=None,
    applyset=None,
    applyset_namespace="cp-ingress",
    wait=True,
    timeout=300,
    prune_kinds=None,
    gone_before=None,
    kubeconfig=None,
    context=None,
    test=False,
):
    """
    Delete objects, or a whole ApplySet and then its parent, in the opposite order of applying.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.absent applyset=app applyset_namespace=default prune_kinds='[Namespace]'

    objects
        What to delete: as for ``kube_objects.apply``; apiVersion, kind, namespace and name suffice. Without
        it all members of the set go.

    applyset, applyset_namespace
        The set. With ``objects``, only those of them that are members are deleted.

    prune_kinds
        CustomResourceDefinitions, Namespaces and volumes are deleted only when their kind is named here, and
        a Namespace or definition that holds objects of others stays in any case.

    gone_before
        ApplySets that are deleted before this call. In test mode they are still there: what belongs to them
        then counts as gone. Without test mode it has no effect.

    wait, timeout, kubeconfig, context, test
        As for ``kube_objects.apply``.

    Returns and raises the same; ``kept`` says what stays, and why.

    RBAC: get, list, delete on the objects' kinds, patch on what is kept; get, patch, delete on Secrets in
    ``applyset_namespace``; list on all kinds where a Namespace is to be deleted.
    """
    before = arguments.set_ids(gone_before, applyset_namespace)
    options = arguments.options(
        test=test, wait=wait, timeout=timeout, prune_kinds=prune_kinds, gone_before=before
    )
    documents = None if objects is None else _objects(objects)
    cluster = _cluster(kubeconfig, context)
    return remove.remove(cluster, documents, _parent(applyset, applyset_namespace), options)


def prune(
    keep,
    applyset,
    applyset_namespace="cp-ingress",
    wait=True,
    timeout=300,
    prune_kinds=None,
    gone_before=None,
    kubeconfig=None,
    context=None,
    test=False,
):
    """
    Delete the members of an ApplySet that are not among the objects to keep, and apply nothing.

    For what ``kube_objects.apply`` left in place with ``prune=False`` until something else was verified.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.prune /srv/manifests/app.yaml applyset=app applyset_namespace=default test=True

    keep
        What stays: as ``objects`` for ``kube_objects.apply``; apiVersion, kind, namespace and name suffice.

    applyset, applyset_namespace
        The set; one that does not exist has nothing to lose.

    prune_kinds, gone_before
        As for ``kube_objects.absent``.

    wait, timeout, kubeconfig, context, test
        As for ``kube_objects.apply``.

    Returns and raises the same as ``kube_objects.absent``, and needs the same permissions (RBAC: get, list,
    delete on the members' kinds; get, patch on Secrets in ``applyset_namespace``).
    """
    before = arguments.set_ids(gone_before, applyset_namespace)
    options = arguments.options(
        test=test, wait=wait, timeout=timeout, prune_kinds=prune_kinds, gone_before=before
    )
    cluster = _cluster(kubeconfig, context)
    return narrow.narrow(cluster, _objects(keep), _parent(applyset, applyset_namespace), options)


def apply_fragment(
    part,
    manager,
    force_conflicts=False,
    made_before=False,
    kubeconfig=None,
    context=None,
    test=False,
):
    """
    Apply a part of an object that exists: only the fields given become ours, under a manager of their own.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.apply_fragment '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings,
            namespace: my-app}, data: {url: "https://10.0.0.1/"}}' my-app-url test=True

    part
        A manifest with no other fields than those to own, beside apiVersion, kind, namespace and name. The
        object must exist, it is never made. A field that an earlier call gave and this one does not give
        vanishes, unless somebody else owns it too.

    manager
        The field manager that owns these fields. Each part of an object needs one of its own, other than
        ``salt-cp-ingress``, which applies whole objects.

    force_conflicts : False
        Overwrite fields that other managers own instead of failing.

    made_before : False
        The object is made by what comes before this call. In test mode it may then be missing still.
        Without test mode it has no effect.

    kubeconfig, context, test
        As for ``kube_objects.apply``.

    Returns the report of ``kube_objects.apply``; the action is changed, or adopted where the values stood
    there already. Nothing is written when nothing changes. Raises CommandExecutionError; for a conflict its
    ``info["conflicts"]`` names each field and its manager.

    RBAC: get, patch on the object's kind.
    """
    options = fragment.Options(
        test=arguments.switch("test", test),
        force=arguments.switch("force_conflicts", force_conflicts),
        made_before=arguments.switch("made_before", made_before),
    )
    return fragment.apply(_cluster(kubeconfig, context), secret.expose(part), manager, options)


def release_fragment(part, manager, kubeconfig=None, context=None, test=False):
    """
    Give up the fields that ``kube_objects.apply_fragment`` applied: they vanish unless others own them too.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.release_fragment '{apiVersion: v1, kind: ConfigMap, metadata: {name: settings,
            namespace: my-app}}' my-app-url test=True

    part
        Which object: apiVersion, kind, namespace and name count. One that is not there has nothing to
        give up.

    manager
        The field manager that owns them.

    kubeconfig, context, test
        As for ``kube_objects.apply``.

    Returns the report of ``kube_objects.apply``; the action is changed, or detached where all values stay
    since others own them. A value that was overwritten with ``force_conflicts`` does not come back.

    RBAC: get, patch on the object's kind.
    """
    options = fragment.Options(test=arguments.switch("test", test))
    return fragment.release(_cluster(kubeconfig, context), secret.expose(part), manager, options)


def wait(objects, timeout=300, kubeconfig=None, context=None):
    """
    Wait until objects are ready, whoever applied them.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.wait /srv/manifests/app.yaml timeout=60

    objects
        As for ``kube_objects.apply``; apiVersion, kind, namespace and name suffice.

    timeout : 300
        Seconds for all of them together.

    kubeconfig, context
        The cluster, as for ``kube_objects.apply``.

    Returns a dictionary: object -> what its readiness rests on. Raises CommandExecutionError naming every
    object that is not ready, with its pods' own words.

    RBAC: get, list on the objects' kinds; list on Pods, ReplicaSets and Events where a wait fails.
    """
    return watching.wait(_cluster(kubeconfig, context), _objects(objects), float(timeout))


def handover(
    applyset, applyset_namespace="cp-ingress", tooling=None, kubeconfig=None, context=None, test=False
):
    """
    Pass an ApplySet on: to this tool, or to another one.

    CLI Example:

    .. code-block:: bash

        salt-call kube_objects.handover app applyset_namespace=default tooling=kubectl/v1.36

    applyset, applyset_namespace
        The set.

    tooling
        Whom it shall belong to, as ``NAME/VERSION``; this tool when not given. Only the parent is written:
        the new owner finds the members by their label.

    kubeconfig, context, test
        As for ``kube_objects.apply``.

    Returns the report of ``kube_objects.apply``. Raises CommandExecutionError when there is no such set, or
    its parent is damaged.

    RBAC: get, patch on Secrets in ``applyset_namespace``.
    """
    parent = sets.Parent(applyset, applyset_namespace, tooling or sets.OUR_TOOLING)
    return remove.hand_over(_cluster(kubeconfig, context), parent, arguments.switch("test", test))


def _cluster(kubeconfig, context):
    pillar = secret.expose(__pillar__.get("cp_ingress")) or {}
    return connections.shared(__context__, kubeconfig or pillar.get("kubeconfig"), context)


def _parent(applyset, namespace):
    return sets.Parent(applyset, namespace) if applyset else None


def _objects(given):
    # Values of a pillar come wrapped where there is a master.
    return arguments.documents(secret.expose(given))
