{{/* The part of media.rtp that a slot has, as [first, last]: root, slot. */}}
{{- define "sipmesh.mediaPorts" -}}
{{- $media := .root.Values.media -}}
{{- $slots := eq $media.network "hostNetwork" | ternary (int $media.slots) 1 -}}
{{- $pairs := div (sub (add1 (int $media.rtp.last)) (int $media.rtp.first)) (mul 2 $slots) -}}
{{- $first := add (int $media.rtp.first) (mul 2 $pairs (int .slot)) -}}
{{- list $first (eq (add1 (int .slot)) (int64 $slots) | ternary (int64 $media.rtp.last) (sub (add $first (mul 2 $pairs)) 1)) | toJson -}}
{{- end -}}

{{/* What a relay is told besides the configuration that all share: root, component, host, slot. */}}
{{- define "sipmesh.mediaEnv" -}}
{{- $media := .root.Values.media -}}
{{- $slot := .slot | default 0 -}}
{{- $ports := include "sipmesh.mediaPorts" (dict "root" .root "slot" $slot) | fromJsonArray -}}
# Whoever has the name takes up the sessions that are kept under it: the next pod of the slot on the node{{ if not .host }}, or the
# next process of the pod{{ end }}.
- name: SIPMESH_MEDIA_NAME
  value: {{ .host | ternary (printf "$(NODE_NAME):%v" $slot) "$(POD_NAME)" | quote }}
- name: SIPMESH_MEDIA_PORTS_FIRST
  value: {{ first $ports | int | quote }}
- name: SIPMESH_MEDIA_PORTS_LAST
  value: {{ last $ports | int | quote }}
{{- if eq $media.advertise "hostIP" }}
- name: SIPMESH_MEDIA_ADVERTISE
  valueFrom: { fieldRef: { fieldPath: status.hostIP } }
{{- else if $media.advertise }}
- name: SIPMESH_MEDIA_ADVERTISE
  value: {{ $media.advertise | quote }}
{{- end }}
{{- if and .host (include "sipmesh.findsAddresses" .root) }}
- name: SIPMESH_MEDIA_NODE
  value: "true"
{{- end }}
- name: SIPMESH_MEDIA_LEAVE
  value: {{ $media.leave | default (.host | ternary "hand-over" "wait") }}
- name: SIPMESH_PROCESS_LEAVE_TIME
  value: {{ add $media.gracePeriod 20 | quote }}
{{- end -}}
