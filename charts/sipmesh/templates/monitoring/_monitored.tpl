{{/* Whether an object for the Prometheus operator is wanted: as said, else where the cluster has the kind. root, kind, wanted. */}}
{{- define "sipmesh.monitored" -}}
{{- $there := .root.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" .kind) -}}
{{- if kindIs "bool" .wanted | ternary .wanted $there -}}
true
{{- end -}}
{{- end -}}
