{{/* What can be scaled and is meant to be, as JSON. */}}
{{- define "sipmesh.scalableComponents" -}}
{{- $all := list -}}
{{- range $component := list "transaction" "edge" "routing" "location" "directory" -}}
{{- if include "sipmesh.scalable" (dict "root" $ "component" $component) -}}
{{- $all = append $all $component -}}
{{- end -}}
{{- end -}}
{{- $all | toJson -}}
{{- end -}}

{{/* By what a component is scaled: metric, target, path in the autoscaler's state, and kind of value, as JSON: root, component. */}}
{{- define "sipmesh.measures" -}}
{{- $of := index .root.Values.autoscaling .component -}}
{{- $all := list -}}
{{- range $key, $name := dict "callsPerSecond" "sipmesh_calls_per_second" "messagesPerSecond" "sipmesh_messages_per_second" "requestsPerSecond" "sipmesh_requests_per_second" -}}
{{- with index $of $key -}}
{{- $all = append $all (dict "name" $name "path" "perSecond" "type" "AverageValue" "value" (int64 . | toString) "number" (int64 . | toString)) -}}
{{- end -}}
{{- end -}}
{{- with index $of "callsInProgress" -}}
{{- $all = append $all (dict "name" "sipmesh_calls_in_progress" "path" "inProgress" "type" "AverageValue" "value" (int64 . | toString) "number" (int64 . | toString)) -}}
{{- end -}}
{{- with index $of "queueDelay" -}}
{{- $all = append $all (dict "name" "sipmesh_queue_delay_seconds" "path" "delay" "type" "Value" "value" (printf "%dm" (int .)) "number" (printf "%.3f" (divf (float64 .) 1000.0))) -}}
{{- end -}}
{{- $all | toJson -}}
{{- end -}}

{{/* The ClusterRole with which the APIService goes. */}}
{{- define "sipmesh.autoscalerClusterRole" -}}
{{ .Release.Namespace }}-{{ include "sipmesh.fullname" . }}-autoscaler
{{- end -}}

{{- define "sipmesh.autoscalerEnv" -}}
{{- $name := printf "%s-autoscaler" (include "sipmesh.fullname" .) -}}
- name: SIPMESH_AUTOSCALER_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: SIPMESH_AUTOSCALER_POD_SELECTOR
  value: app.kubernetes.io/name={{ include "sipmesh.name" . }},app.kubernetes.io/instance={{ .Release.Name }}
- name: SIPMESH_AUTOSCALER_SERVE
  value: {{ eq .Values.autoscaling.metrics "own" | quote }}
{{- if eq .Values.autoscaling.metrics "own" }}
- name: SIPMESH_AUTOSCALER_ADDRESS
  valueFrom: { fieldRef: { fieldPath: status.podIP } }
- name: SIPMESH_AUTOSCALER_PORT
  value: "8443"
- name: SIPMESH_AUTOSCALER_SERVICE
  value: {{ $name }}
- name: SIPMESH_AUTOSCALER_SERVICE_PORT
  value: "443"
- name: SIPMESH_AUTOSCALER_SECRET
  value: {{ $name }}-certificate
- name: SIPMESH_AUTOSCALER_CLUSTER_ROLE
  value: {{ include "sipmesh.autoscalerClusterRole" . }}
{{- end }}
{{- end -}}

{{/* Annotations of what runs before an installation or upgrade: the weight. */}}
{{- define "sipmesh.beforeHook" -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ . | quote }}
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end -}}
