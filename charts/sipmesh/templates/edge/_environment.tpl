{{/* Seconds that an edge which goes keeps its connections. */}}
{{- define "sipmesh.edgeGracePeriod" -}}
{{- if kindIs "invalid" .Values.edge.gracePeriod -}}
{{- eq .Values.edge.network "hostNetwork" | ternary 60 900 -}}
{{- else -}}
{{- int .Values.edge.gracePeriod -}}
{{- end -}}
{{- end -}}

{{/* Configuration of an edge's pod. */}}
{{- define "sipmesh.edgeEnv" -}}
- name: SIPMESH_EDGE_LEAVE_GRACE
  value: {{ include "sipmesh.edgeGracePeriod" . | quote }}
- name: SIPMESH_PROCESS_LEAVE_TIME
  value: {{ add (include "sipmesh.edgeGracePeriod" .) 20 | quote }}
{{- end -}}
