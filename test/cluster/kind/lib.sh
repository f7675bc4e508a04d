# Shared by the commands beside it: what ../surroundings.ts needs done, by kind and Docker.

export KIND_CLUSTER_NAME=${KIND_CLUSTER_NAME:-sipmesh}

# The node whose place among the names of all nodes is $1.
node() { kubectl get nodes -o name | sed 's#^node/##' | sort -V | sed -n "${1:-2}p"; }
