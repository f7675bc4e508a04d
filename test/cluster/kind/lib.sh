# Shared by the commands beside it: what ../surroundings.ts needs done, by kind and Docker.

export KIND_CLUSTER_NAME=${KIND_CLUSTER_NAME:-sipmesh}

# The nodes that pods run on, as ../nodes.ts counts them: those of the control plane are left out, unless all are.
nodes() {
  local workers
  workers=$(kubectl get nodes -l '!node-role.kubernetes.io/control-plane' -o name)
  { if [ -n "$workers" ]; then echo "$workers"; else kubectl get nodes -o name; fi; } | sed 's#^node/##' | sort -V
}

# The node whose place among their names is $1.
node() { nodes | sed -n "${1:-1}p"; }
